/**
 * The header of a safetensors file: eight bytes with the length N of a JSON object (u64, little-endian), then the
 * object, padded with spaces, then the tensors' bytes. Reading is total: any bytes give a header that holds together
 * with the file's size, or a PithError. Source: the format's description at https://github.com/huggingface/safetensors.
 */
import { PithError } from "../errors.ts";
import { corrupt, quote } from "./corrupt.ts";
import { DTYPE_BYTES, type Dtype, isDtype } from "./dtype.ts";
import { JsonScanner } from "./json-scanner.ts";
import { checkLimit, type Limits, resolveLimits } from "./limits.ts";

/** Bytes before the JSON. */
export const PREFIX_BYTES = 8;
const OPENING_BRACE = 0x7b;
/** Members of the metadata. A Pith file has a dozen; a stranger's header has room for a million. */
const MAX_METADATA = 65_536;
/** Dimensions that a tensor can have. */
export const MAX_RANK = 64;

export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte, counted from `dataStart`, and the byte after the last one. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes; they cover the data without holes or overlaps. */
  readonly tensors: readonly TensorInfo[];
  /** Where the data begins, from the start of the file. */
  readonly dataStart: number;
}

/** A tensor as the header spells it, before anything but its syntax was checked. */
export interface ScannedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offsets: readonly number[];
}

export interface ScannedHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** Where the text of each metadata value stands in the header's bytes. */
  readonly spans: ReadonlyMap<string, readonly [start: number, end: number]>;
  readonly tensors: readonly ScannedTensor[];
}

/** Whether a file that begins with `prefix` can be a safetensors file: a brace follows the length, where anything does. */
export function isSafetensors(prefix: Uint8Array): boolean {
  return prefix.length <= PREFIX_BYTES || prefix[PREFIX_BYTES] === OPENING_BRACE;
}

/**
 * N, from the first bytes (nine or more, where there are as many) of a file of `fileBytes`.
 * @throws EMPTY_INPUT, CORRUPT_FILE, UNSUPPORTED_FORMAT, LIMIT_EXCEEDED
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, limits?: Limits): number {
  const { maxHeaderBytes, maxBytes } = resolveLimits(limits);
  if (fileBytes === 0) throw new PithError("EMPTY_INPUT", "the file is empty");
  checkLimit("bytes of the file", fileBytes, maxBytes);
  if (fileBytes < PREFIX_BYTES || prefix.length < PREFIX_BYTES)
    throw corrupt(`${fileBytes} bytes are too few for a safetensors file`, { fileBytes });
  // Told apart here, before a length of rubbish is believed.
  if (!isSafetensors(prefix)) throw new PithError("UNSUPPORTED_FORMAT", "not a safetensors file");
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > fileBytes - PREFIX_BYTES)
    throw corrupt(`the header's length is ${length}, beyond the end of a file of ${fileBytes} bytes`, {
      headerBytes: length,
      fileBytes,
    });
  checkLimit("bytes of the header", length, maxHeaderBytes);
  return length;
}

/** The syntax of the header's N bytes. @throws CORRUPT_FILE, LIMIT_EXCEEDED */
export function scanHeader(header: Uint8Array, limits?: Limits): ScannedHeader {
  const { maxTensors } = resolveLimits(limits);
  const metadata = new Map<string, string>();
  const spans = new Map<string, readonly [number, number]>();
  const tensors: ScannedTensor[] = [];
  // Other readers ask for the brace first; so white space is padding at the end only.
  if (header[0] !== OPENING_BRACE) throw corrupt("header: expected { (byte 0)");
  const scanner = new JsonScanner(header);
  scanner.object((name) => {
    if (name === "__metadata__") {
      scanner.object((key) => {
        checkLimit("members of the metadata", metadata.size + 1, MAX_METADATA);
        const { value, start, end } = scanner.string();
        metadata.set(key, value);
        spans.set(key, [start, end]);
      });
      return;
    }
    checkLimit("tensors in the file", tensors.length + 1, maxTensors);
    tensors.push(scanTensor(scanner, name));
  });
  scanner.end();
  return { metadata, spans, tensors };
}

function scanTensor(scanner: JsonScanner, name: string): ScannedTensor {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const integers = (longest: number): number[] => {
    const out: number[] = [];
    scanner.array(() => {
      if (out.length === longest)
        throw scanner.fail(`tensor ${quote(name)}: more than ${longest} numbers in a list`);
      out.push(scanner.integer());
    });
    return out;
  };
  scanner.object((field) => {
    if (field === "dtype") dtype = scanner.string().value;
    else if (field === "shape") shape = integers(MAX_RANK);
    else if (field === "data_offsets") offsets = integers(2);
    else throw scanner.fail(`tensor ${quote(name)}: unknown field ${quote(field)}`);
  });
  if (dtype === undefined || shape === undefined || offsets === undefined || offsets.length !== 2)
    throw scanner.fail(`tensor ${quote(name)}: expected dtype, shape and two data_offsets`);
  return { name, dtype, shape, offsets };
}

/**
 * Tensors in the order of their bytes, checked: known dtypes, lengths that the shapes give, and no byte of the data
 * left out or used twice. @throws UNSUPPORTED_FORMAT (dtype), CORRUPT_FILE
 */
export function checkTensors(scanned: readonly ScannedTensor[], dataBytes: number): TensorInfo[] {
  const tensors = scanned.map(({ name, dtype, shape, offsets: [begin, end] }): TensorInfo => {
    if (!isDtype(dtype))
      throw new PithError("UNSUPPORTED_FORMAT", `tensor ${quote(name)}: unknown dtype ${quote(dtype)}`, {
        dtype,
      });
    const expected = shapeBytes(dtype, shape);
    if (end < begin || end > dataBytes || end - begin !== expected)
      throw corrupt(
        `tensor ${quote(name)}: ${dtype} [${shape}] doesn't fit bytes ${begin} to ${end} of ${dataBytes}`,
        { tensor: name, expected, begin, end, dataBytes },
      );
    return { name, dtype, shape, begin, end };
  });
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== at)
      throw corrupt(
        `tensor ${quote(name)}: begins at byte ${begin} of the data, ${begin < at ? "inside of another" : "after a hole"}`,
        { tensor: name, expected: at, actual: begin },
      );
    at = end;
  }
  if (at !== dataBytes)
    throw corrupt(`the tensors end at byte ${at} of ${dataBytes}: trailing bytes`, {
      expected: at,
      actual: dataBytes,
    });
  return tensors;
}

/** Bytes of a tensor; NaN where they are beyond 2^53 - 1. */
export function shapeBytes(dtype: Dtype, shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let bytes: number = DTYPE_BYTES[dtype];
  for (const n of shape) {
    bytes *= n;
    if (!Number.isSafeInteger(bytes)) return Number.NaN;
  }
  return bytes;
}

/**
 * The header of any safetensors file, from its N bytes and the size of the whole file.
 * @throws CORRUPT_FILE, LIMIT_EXCEEDED, UNSUPPORTED_FORMAT
 */
export function parseHeader(header: Uint8Array, fileBytes: number, limits?: Limits): SafetensorsHeader {
  const dataStart = PREFIX_BYTES + header.length;
  const { metadata, tensors } = scanHeader(header, limits);
  return { metadata, tensors: checkTensors(tensors, fileBytes - dataStart), dataStart };
}

/**
 * A header's bytes, from its length to its padding: metadata by sorted names, then the tensors in the order given, padded with
 * spaces so that the data begins at a multiple of `align`. @throws LIMIT_EXCEEDED above 16 MiB
 */
export function serializeHeader(
  metadata: ReadonlyMap<string, string>,
  tensors: readonly TensorInfo[],
  align: number,
): Uint8Array<ArrayBuffer> {
  const members: string[] = [];
  if (metadata.size > 0) {
    const names = [...metadata.keys()].sort();
    const pairs = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata.get(name))}`);
    members.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  for (const { name, dtype, shape, begin, end } of tensors)
    members.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`,
    );
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const bytes = new Uint8Array(Math.ceil((PREFIX_BYTES + json.length) / align) * align).fill(0x20);
  checkLimit("bytes of the header", bytes.length - PREFIX_BYTES, resolveLimits().maxHeaderBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - PREFIX_BYTES), true);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}
