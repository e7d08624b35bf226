/** Makes Pith files by hand, right or wrong: what stands in the header is spelled out, checksums are right unless given. */
import { crc32c, crcHex, headerCrc } from "../../src/format/checksum.ts";

export interface RawTensor {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
  [field: string]: unknown;
}

export interface RawFile {
  metadata: { [key: string]: unknown };
  tensors: { [name: string]: RawTensor };
  data: Uint8Array;
}

/** A file of kind codes that is right: 3 rows of 4 bytes with string ids and one state tensor. */
export function plainCodes(): RawFile {
  const data = new Uint8Array(64 * 4);
  data.set([1, 2, 3, 4, 5, 6, 7, 8]);
  new BigInt64Array(data.buffer, 64, 4).set([0n, 1n, 3n, 4n]);
  data.set([0x61, 0xc3, 0xa9, 0x62], 128);
  data.set([11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34], 192);
  return {
    metadata: {
      pith: "1",
      kind: "codes",
      dim: "2",
      count: "3",
      metric: "dot",
      codec: "toy",
      codec_version: "1",
      params: "{}",
      id_type: "string",
      producer: "test",
    },
    tensors: {
      "state.mean": { dtype: "F32", shape: [2], data_offsets: [0, 8] },
      "_pad.0": { dtype: "U8", shape: [56], data_offsets: [8, 64] },
      "ids.offsets": { dtype: "I64", shape: [4], data_offsets: [64, 96] },
      "_pad.1": { dtype: "U8", shape: [32], data_offsets: [96, 128] },
      "ids.utf8": { dtype: "U8", shape: [4], data_offsets: [128, 132] },
      "_pad.2": { dtype: "U8", shape: [60], data_offsets: [132, 192] },
      codes: { dtype: "U8", shape: [3, 4], data_offsets: [192, 204] },
    },
    data: data.subarray(0, 204),
  };
}

/** The bytes of a file. A metadata key of the value undefined is left out; `edit` changes the header's text at the end. */
export function rawBytes(
  { metadata, tensors, data }: RawFile,
  edit = (text: string): string => text,
  align = 64,
): Uint8Array {
  const crcs: { [name: string]: string } = {};
  for (const name of Object.keys(tensors).sort()) {
    const [begin, end] = tensors[name].data_offsets as [number, number];
    crcs[name] = crcHex(crc32c(data.subarray(begin, end)));
  }
  const full = { crc32c: JSON.stringify(crcs), header_crc32c: "00000000", ...metadata };
  return withHeader(edit(JSON.stringify({ __metadata__: full, ...tensors })), data, align);
}

/** Any text as a header, padded, with its own checksum filled in where it has room for one. */
export function withHeader(text: string, data: Uint8Array = new Uint8Array(0), align = 64): Uint8Array {
  const json = new TextEncoder().encode(text);
  const header = new Uint8Array(Math.ceil((json.length + 8) / align) * align - 8).fill(0x20);
  header.set(json);
  const key = '"header_crc32c":"';
  const at = Buffer.from(json).lastIndexOf(key);
  const digits = at + key.length;
  if (at >= 0 && text.includes(`${key}00000000"`)) header.set(Buffer.from(headerCrc(header, digits)), digits);
  return prefixed(BigInt(header.length), header, data);
}

/** A length and whatever follows it. */
export function prefixed(length: bigint, ...parts: Uint8Array[]): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length, true);
  return new Uint8Array(Buffer.concat([prefix, ...parts]));
}
