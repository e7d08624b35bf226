/**
 * A safetensors file as a structure that can be broken on purpose: members in a list, so that names can repeat, and
 * every number free to lie. `build` makes bytes of it, with right checksums unless told otherwise, so that a broken
 * field reaches the code behind the checksums.
 */
import { kernels } from "../../packages/codec-core/dist/index.js";

const crc32c = (bytes, crc = 0) => kernels().crc32c(bytes, crc) >>> 0;
const hex = (crc) => (crc >>> 0).toString(16).padStart(8, "0");
const ZEROS = new TextEncoder().encode("00000000");

/** The structure of a right file; pads are left out, `build` makes them again. */
export function modelOf(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const { __metadata__: metadata = {}, ...tensors } = header;
  return {
    metadata: Object.entries(metadata).filter(([key]) => !key.includes("crc32c")),
    tensors: Object.entries(tensors)
      .filter(([name]) => !name.startsWith("_pad."))
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [begin, end],
          },
        ]) => ({
          name,
          dtype,
          shape,
          bytes: bytes.slice(8 + length + begin, 8 + length + end),
        }),
      ),
    align: 64,
    extra: [],
    tail: new Uint8Array(0),
  };
}

/** As JSON, with the members of an object in a list of pairs. */
function text(value) {
  if (value instanceof Pairs)
    return `{${value.pairs.map(([name, v]) => `${JSON.stringify(name)}:${text(v)}`).join(",")}}`;
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  return JSON.stringify(value) ?? "null";
}

class Pairs {
  constructor(pairs) {
    this.pairs = pairs;
  }
}

/**
 * The bytes. `plain`: no checksums, as other software writes safetensors. `wrong`: names of what gets a wrong checksum.
 */
export function build({ metadata, tensors, align, extra, tail, plain = false, wrong = [], spaced = false }) {
  const placed = [];
  let at = 0;
  let pads = 0;
  for (const tensor of tensors) {
    const gap = plain ? 0 : -at & (align - 1);
    if (gap > 0) {
      placed.push({
        name: `_pad.${pads++}`,
        dtype: "U8",
        shape: [gap],
        begin: at,
        bytes: new Uint8Array(gap),
      });
      at += gap;
    }
    placed.push({ ...tensor, begin: at });
    at += tensor.bytes.length;
  }
  const data = new Uint8Array(at);
  for (const { begin, bytes } of placed) data.set(bytes, begin);
  const names = [...new Set(placed.map(({ name }) => name))].sort();
  const crcs = Object.fromEntries(
    names.map((name) => {
      const { bytes } = placed.find((tensor) => tensor.name === name);
      return [name, hex(crc32c(bytes) ^ (wrong.includes(name) ? 1 : 0))];
    }),
  );
  const sums = plain
    ? []
    : [
        ["crc32c", JSON.stringify(crcs)],
        ["header_crc32c", "00000000"],
      ];
  const own = sums.filter(([key]) => !metadata.some(([other]) => other === key));
  const members = placed.map(({ name, dtype, shape, begin, bytes, offsets, fields = [] }) => [
    name,
    new Pairs([
      ["dtype", dtype],
      ["shape", shape],
      ["data_offsets", offsets ?? [begin, begin + bytes.length]],
      ...fields,
    ]),
  ]);
  const head = metadata.length + own.length > 0 ? [["__metadata__", new Pairs([...metadata, ...own])]] : [];
  let json = text(new Pairs([...head, ...members, ...extra]));
  if (spaced) json = json.replaceAll('","', '" ,\n"');
  const encoded = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil((encoded.length + 8) / align) * align - 8).fill(0x20);
  header.set(encoded);
  const digits = json.lastIndexOf('"header_crc32c":"00000000"');
  if (digits >= 0) {
    const from = new TextEncoder().encode(json.slice(0, digits)).length + '"header_crc32c":"'.length;
    const crc = crc32c(header.subarray(from + 8), crc32c(ZEROS, crc32c(header.subarray(0, from))));
    header.set(new TextEncoder().encode(hex(wrong.includes("header") ? crc ^ 1 : crc)), from);
  }
  const out = new Uint8Array(8 + header.length + data.length + tail.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  out.set(data, 8 + header.length);
  out.set(tail, 8 + header.length + data.length);
  return out;
}
