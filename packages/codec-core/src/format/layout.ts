/**
 * Where the tensors of a Pith file stand: each begins at a multiple of 64 bytes from the start of the file, so that a
 * mapped file can be read as typed arrays and by aligned loads. A gap is a tensor `_pad.N` of zeros, as safetensors knows
 * no holes. All of it follows from the shapes, so the header's room is known before the first row is written.
 */
import { PithError } from "../errors.ts";
import { crc32c, crcHex, headerCrc } from "./checksum.ts";
import { corrupt, quote } from "./corrupt.ts";
import {
  MAX_RANK,
  PREFIX_BYTES,
  type ScannedHeader,
  scanHeader,
  serializeHeader,
  shapeBytes,
  type TensorInfo,
} from "./header.ts";
import { checkLimit, DEFAULT_LIMITS } from "./limits.ts";
import { HEADER_CRC, writeInfo } from "./metadata.ts";
import { checkProfile, type PithInfo, type TensorShape } from "./profile.ts";
import { compareTensorNames, tensorRole } from "./tensor-names.ts";

export const ALIGNMENT = 64;
const NO_CRC = "00000000";

export interface PithLayout {
  readonly info: PithInfo;
  /** Pads too, in the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
  readonly dataStart: number;
  readonly fileBytes: number;
}

/**
 * Lays a new file out. @throws INVALID_ARGUMENT where the content isn't one that readers take,
 * LIMIT_EXCEEDED for a header above 16 MiB or more than 65,536 tensors
 */
export function layoutPith(info: PithInfo, tensors: { readonly [name: string]: TensorShape }): PithLayout {
  const entries = new Map(Object.entries(tensors));
  checkProfile(info, entries, (reason, details) => new PithError("INVALID_ARGUMENT", reason, details));
  const placed: TensorInfo[] = [];
  let at = 0;
  let pads = 0;
  for (const name of [...entries.keys()].sort(compareTensorNames)) {
    const gap = -at & (ALIGNMENT - 1);
    if (gap > 0) {
      placed.push({ name: `_pad.${pads++}`, dtype: "U8", shape: [gap], begin: at, end: at + gap });
      at += gap;
    }
    const { dtype, shape } = entries.get(name) as TensorShape;
    const fits = shape.length <= MAX_RANK && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
    const bytes = fits ? shapeBytes(dtype, shape) : Number.NaN;
    if (!Number.isSafeInteger(at + bytes))
      throw new PithError("INVALID_ARGUMENT", `tensor ${quote(name)}: no file can hold ${dtype} [${shape}]`, {
        shape,
      });
    placed.push({ name, dtype, shape: [...shape], begin: at, end: at + bytes });
    at += bytes;
  }
  checkLimit("tensors in the file", placed.length, DEFAULT_LIMITS.maxTensors);
  const layout = { info, tensors: placed, dataStart: 0, fileBytes: 0 };
  const dataStart = serializeLayout(layout, new Map()).length;
  return { ...layout, dataStart, fileBytes: dataStart + at };
}

/** The header's bytes, from its length to its padding; `crcs` of the tensors by name, those of pads not needed. */
export function serializeLayout(
  layout: PithLayout,
  crcs: ReadonlyMap<string, number>,
): Uint8Array<ArrayBuffer> {
  const digits = new Map<string, string>();
  for (const tensor of layout.tensors) {
    const crc = tensorRole(tensor.name) === "pad" ? padCrc(tensor.end - tensor.begin) : crcs.get(tensor.name);
    digits.set(tensor.name, crc === undefined ? NO_CRC : crcHex(crc));
  }
  const bytes = serializeHeader(writeInfo(layout.info, digits, NO_CRC), layout.tensors, ALIGNMENT);
  const header = bytes.subarray(PREFIX_BYTES);
  const [start] = headerCrcSpan(scanHeader(header));
  new TextEncoder().encodeInto(headerCrc(header, start), header.subarray(start));
  return bytes;
}

/** Alignment and pads of a file that is read. @throws CORRUPT_FILE */
export function checkLayout(tensors: readonly TensorInfo[], dataStart: number): void {
  if (dataStart % ALIGNMENT !== 0)
    throw corrupt(`the data begins at byte ${dataStart}, no multiple of ${ALIGNMENT}`);
  let pads = 0;
  let before: TensorInfo | undefined;
  for (const [i, tensor] of tensors.entries()) {
    const { name, dtype, shape, begin, end } = tensor;
    if (tensorRole(name) !== "pad") {
      if (begin % ALIGNMENT !== 0)
        throw corrupt(
          `tensor ${quote(name)}: begins at byte ${dataStart + begin}, no multiple of ${ALIGNMENT}`,
        );
    } else {
      const gap = -(before?.end ?? 0) & (ALIGNMENT - 1);
      const fits =
        name === `_pad.${pads}` && dtype === "U8" && shape.length === 1 && end - begin === gap && gap > 0;
      if (!fits || i === tensors.length - 1) throw corrupt(`tensor ${quote(name)}: a pad that isn't needed`);
      pads++;
    }
    before = tensor;
  }
}

/** Where the header's own checksum stands in it. @throws CORRUPT_FILE unless it is there as eight plain digits */
export function headerCrcSpan({ metadata, spans }: ScannedHeader): readonly [start: number, end: number] {
  const span = spans.get(HEADER_CRC);
  const text = metadata.get(HEADER_CRC);
  if (span === undefined || text === undefined)
    throw corrupt(`metadata: ${HEADER_CRC} is missing`, { key: HEADER_CRC });
  if (!/^[0-9a-f]{8}$/.test(text) || span[1] - span[0] !== text.length)
    throw corrupt(`${HEADER_CRC}: expected eight hex digits, got ${quote(text)}`);
  return span;
}

/** CRC-32C of a pad: zeros. */
export function padCrc(length: number): number {
  return crc32c(new Uint8Array(length));
}
