/**
 * Pith files in memory. `parsePith` is total: any bytes give a checked content or a PithError; `serializePith` makes the
 * bytes that the file writer makes. docs/format.md is the specification.
 */
import type { CodecState, StateTensor } from "../contract/state.ts";
import { PithError } from "../errors.ts";
import { IdColumn } from "../ids.ts";
import { crc32c, crcHex, headerCrc } from "./checksum.ts";
import { corrupt, quote } from "./corrupt.ts";
import { checkTensors, headerLength, PREFIX_BYTES, scanHeader, type TensorInfo } from "./header.ts";
import { checkLayout, headerCrcSpan, layoutPith, padCrc, serializeLayout } from "./layout.ts";
import type { Limits } from "./limits.ts";
import { checkVersion, readCrcs, readInfo } from "./metadata.ts";
import { type CodecStamp, checkProfile, type PithInfo } from "./profile.ts";
import { tensorRole } from "./tensor-names.ts";

/** All that a Pith file holds; pads are left out. */
export interface PithContents extends PithInfo {
  readonly tensors: { readonly [name: string]: StateTensor };
}

/** The checked header of a Pith file. */
export interface PithHeader {
  readonly info: PithInfo;
  /** In the order of their bytes, with pads. */
  readonly tensors: readonly TensorInfo[];
  readonly dataStart: number;
  /** CRC-32C of each tensor as eight hex digits. */
  readonly crcs: ReadonlyMap<string, string>;
}

/**
 * Everything that can be checked without the tensors' bytes, from the header's N bytes.
 * @throws CORRUPT_FILE, CHECKSUM_MISMATCH, UNSUPPORTED_FORMAT, VERSION_UNSUPPORTED, LIMIT_EXCEEDED
 */
export function parsePithHeader(header: Uint8Array, fileBytes: number, limits?: Limits): PithHeader {
  const scanned = scanHeader(header, limits);
  checkVersion(scanned.metadata);
  const [digitsAt, digitsEnd] = headerCrcSpan(scanned);
  const expected = new TextDecoder().decode(header.subarray(digitsAt, digitsEnd));
  const actual = headerCrc(header, digitsAt);
  if (actual !== expected) throw mismatch("the header", expected, actual);
  const dataStart = PREFIX_BYTES + header.length;
  const tensors = checkTensors(scanned.tensors, fileBytes - dataStart);
  const info = readInfo(scanned.metadata);
  checkProfile(info, new Map(tensors.filter(isContent).map((t) => [t.name, t])), corrupt);
  checkLayout(tensors, dataStart);
  const crcs = readCrcs(
    scanned.metadata,
    tensors.map((t) => t.name),
  );
  for (const { name, begin, end } of tensors)
    if (tensorRole(name) === "pad" && crcs.get(name) !== crcHex(padCrc(end - begin)))
      throw corrupt(`tensor ${quote(name)}: a pad that isn't zeros`, { tensor: name });
  return { info, tensors, dataStart, crcs };
}

/**
 * The content of a Pith file, checksums verified; the tensors are views of `file`.
 * @throws EMPTY_INPUT, CORRUPT_FILE, CHECKSUM_MISMATCH, UNSUPPORTED_FORMAT, VERSION_UNSUPPORTED, LIMIT_EXCEEDED
 */
export function parsePith(file: Uint8Array, limits?: Limits): PithContents {
  // A Buffer of Node's has a `slice` and a JSON form of its own; what is handed out is plain.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
  const length = headerLength(bytes, bytes.length, limits);
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  const { info, tensors, dataStart, crcs } = parsePithHeader(header, bytes.length, limits);
  const contents: [string, StateTensor][] = [];
  for (const tensor of tensors) {
    const { name, dtype, shape, begin, end } = tensor;
    const part = bytes.subarray(dataStart + begin, dataStart + end);
    checkCrc(name, crcs, crc32c(part));
    if (isContent(tensor)) contents.push([name, { dtype, shape, bytes: part }]);
  }
  return { ...info, tensors: Object.fromEntries(contents) };
}

/**
 * The bytes of a Pith file. The same content gives the same bytes, whatever the order of its tensors.
 * @throws INVALID_ARGUMENT, LENGTH_MISMATCH where a tensor isn't as long as its shape says, LIMIT_EXCEEDED
 */
export function serializePith(contents: PithContents): Uint8Array<ArrayBuffer> {
  const { tensors, ...info } = contents;
  const layout = layoutPith(info, tensors);
  const crcs = new Map<string, number>();
  for (const { name, begin, end } of layout.tensors.filter(isContent)) {
    const { bytes } = tensors[name];
    if (bytes.length !== end - begin)
      throw new PithError(
        "LENGTH_MISMATCH",
        `tensor ${quote(name)}: expected ${end - begin} bytes, got ${bytes.length}`,
        {
          expected: end - begin,
          actual: bytes.length,
        },
      );
    crcs.set(name, crc32c(bytes));
  }
  const out = new Uint8Array(layout.fileBytes);
  out.set(serializeLayout(layout, crcs));
  for (const { name, begin } of layout.tensors.filter(isContent))
    out.set(tensors[name].bytes, layout.dataStart + begin);
  return out;
}

/** @throws CHECKSUM_MISMATCH unless `actual` is the checksum that the header gives for the tensor */
export function checkCrc(name: string, crcs: ReadonlyMap<string, string>, actual: number): void {
  const expected = crcs.get(name);
  if (crcHex(actual) !== expected) throw mismatch(`tensor ${quote(name)}`, expected, crcHex(actual));
}

/** The state of the file's codec, as `family.restore` takes it. @throws NOT_SUPPORTED for a file without one */
export function codecState(contents: PithContents): CodecState {
  return readState(contents, contents.codec, "state.");
}

/** The state of the codec of `rescore.codes`. @throws NOT_SUPPORTED for a file without one */
export function rescoreState(contents: PithContents): CodecState {
  return readState(contents, contents.rescore, "rescore.state.");
}

/** The ids of the rows; undefined where the file has none. `lazy`: see `IdColumn.fromTensors`. @throws CORRUPT_FILE */
export function idsOf({ idType, tensors, count }: PithContents, lazy: boolean = false): IdColumn | undefined {
  return idType === undefined ? undefined : IdColumn.fromTensors(idType, tensors, count, lazy);
}

/** Learned tensors of a codec under the names that they have in a file. */
export function stateTensors(
  state: CodecState,
  prefix: "state." | "rescore.state." = "state.",
): { [name: string]: StateTensor } {
  return Object.fromEntries(Object.entries(state.tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

/** What a file says of a codec. */
export function codecStamp({ codec, version, params }: CodecState): CodecStamp {
  return { name: codec, version, params };
}

function readState(
  { dim, metric = "cosine", tensors }: PithContents,
  stamp: CodecStamp | undefined,
  prefix: string,
): CodecState {
  if (!stamp) throw new PithError("NOT_SUPPORTED", "the file holds no codes, so it has no codec");
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  const named = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  return { codec: stamp.name, version: stamp.version, dim, metric, params: stamp.params, tensors: named };
}

function isContent({ name }: TensorInfo): boolean {
  return tensorRole(name) !== "pad";
}

function mismatch(what: string, expected: unknown, actual: string): PithError {
  return new PithError("CHECKSUM_MISMATCH", `${what}: the checksum is ${actual}, the file says ${expected}`, {
    expected,
    actual,
  });
}
