/** What is done to a right file. Each mutation changes one thing of the model; checksums are made right afterwards. */
import { DTYPE_BYTES } from "../../packages/codec-core/dist/index.js";

const TEXTS = [
  "",
  "0",
  "1",
  "2",
  "-1",
  "1.0",
  "1e3",
  "01",
  "+1",
  " 1",
  "65536",
  "65537",
  "4294967295",
  "4294967296",
  "1099511627776",
  "9007199254740991",
  "9007199254740992",
  "18446744073709551616",
  "NaN",
  "Infinity",
  "null",
  "cosine",
  "dot",
  "l2",
  "euclid",
  "vectors",
  "codes",
  "index",
  "string",
  "number",
  "bigint",
  "int8",
  "fixed",
  "Int8",
  "{}",
  "[]",
  '{"a":1}',
  '{"step":0.1}',
  '{"step":1e-9}',
  '{"step":"0.5"}',
  '{"__proto__":1}',
  '{"a\\nb":1}',
  '{"\u009b31m":1}',
  "__proto__",
  "constructor",
  "\u0000",
  "\u001b[31m",
  "a\nb",
  "é",
  "\ud83e\uddb4",
  "[".repeat(40),
  `{"a":${"[".repeat(33)}${"]".repeat(33)}}`,
  "x".repeat(300),
  "x".repeat(5000),
  "\u202e",
];

const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  63,
  64,
  65,
  255,
  256,
  65_535,
  65_536,
  65_537,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 70n,
  -1,
  1.5,
  1e300,
  "1",
  null,
  true,
  [],
  {},
];

const DTYPES = [
  "BOOL",
  "U8",
  "I8",
  "I16",
  "U16",
  "F16",
  "BF16",
  "I32",
  "U32",
  "F32",
  "F64",
  "I64",
  "U64",
  "F8",
  "u8",
  "",
  1,
];

const NAMES = [
  "codes",
  "codes.1",
  "codes.2",
  "codes.01",
  "vectors",
  "ids",
  "ids.offsets",
  "ids.utf8",
  "state.mean",
  "state.",
  "state.__proto__",
  "rescore.codes",
  "rescore.state.a",
  "_pad.0",
  "_pad.99",
  "__proto__",
  "constructor",
  "",
  "a\nb",
  "__metadata__",
];

const KEYS = [
  "pith",
  "kind",
  "dim",
  "count",
  "metric",
  "codec",
  "codec_version",
  "params",
  "rescore.codec",
  "rescore.codec_version",
  "rescore.params",
  "id_type",
  "producer",
  "crc32c",
  "header_crc32c",
  "format",
  "__proto__",
  "",
];

const some = (random, list) => list[random.below(list.length)];
const tensor = (m, random) => (m.tensors.length > 0 ? some(random, m.tensors) : undefined);
const set = (m, key, value) => {
  const found = m.metadata.find(([name]) => name === key);
  if (found) found[1] = value;
  else m.metadata.push([key, value]);
};
const get = (m, key) => m.metadata.find(([name]) => name === key)?.[1];

/** Other bytes in place of a tensor's: floats, integers, text, noise; sometimes all of them, sometimes a few. */
function rewrite(t, random) {
  const bytes = t.bytes;
  if (bytes.length === 0) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const times = 1 + random.below(4);
  for (let i = 0; i < times; i++) {
    const at = random.below(bytes.length);
    const wide = Math.max(0, Math.floor((bytes.length - 8) / 8)) * 8;
    switch (random.below(6)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0x81, 0xff, 0xc0, 0xed]);
        break;
      case 2:
        if (bytes.length >= 4)
          view.setFloat32(
            Math.min(at, bytes.length - 4),
            random.pick([NaN, Infinity, -Infinity, 0, -0, -1, 1e-45, 1e38, 3.4e38, 2.6e36, 1e-3]),
            true,
          );
        break;
      case 3:
        if (bytes.length >= 8)
          view.setBigInt64(
            random.below(wide / 8 + 1) * 8,
            random.pick([0n, 1n, -1n, 2n ** 31n, 2n ** 53n, -(2n ** 53n), 2n ** 62n, BigInt(bytes.length)]),
            true,
          );
        break;
      case 4:
        bytes.fill(random.below(256), at, at + random.below(40));
        break;
      default:
        bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length));
    }
  }
  // A scale stands in the last four bytes of an int8 code.
  const [count, stride] = t.shape;
  const fits = Number.isInteger(count) && Number.isInteger(stride) && count * stride === bytes.length;
  if (t.name === "codes" && fits && count > 0 && stride > 4 && random.onceIn(2))
    view.setFloat32(
      random.below(count) * stride + stride - 4,
      random.pick([NaN, Infinity, 0, -1, 1e-45, 1e38, 3.4e38, 2.68e36, 2.7e36, 1]),
      true,
    );
}

/** Rows added or taken away everywhere alike, so that the file holds together. */
function resize(m, random) {
  const count = random.below(60);
  const old = Number(get(m, "count"));
  set(m, "count", String(count));
  for (const t of m.tensors) {
    if (t.shape[0] !== old && !(t.name === "ids.offsets" && t.shape[0] === old + 1)) continue;
    const rows = t.name === "ids.offsets" ? count + 1 : count;
    const rowBytes = t.shape.slice(1).reduce((product, n) => product * Number(n), DTYPE_BYTES[t.dtype] ?? 1);
    if (!Number.isSafeInteger(rowBytes) || rowBytes < 0 || rowBytes > 4096) continue;
    const bytes = new Uint8Array(rows * rowBytes);
    if (t.bytes.length > 0) for (let i = 0; i < bytes.length; i++) bytes[i] = t.bytes[i % t.bytes.length];
    t.bytes = bytes;
    t.shape = [rows, ...t.shape.slice(1)];
  }
}

export const STRUCTURE = {
  "metadata value": (m, random) => {
    if (m.metadata.length > 0) some(random, m.metadata)[1] = some(random, TEXTS);
  },
  "metadata key": (m, random) => {
    if (m.metadata.length > 0) some(random, m.metadata)[0] = some(random, KEYS);
  },
  "metadata member more": (m, random) => void m.metadata.push([some(random, KEYS), some(random, TEXTS)]),
  "metadata member twice": (m, random) => {
    if (m.metadata.length > 0) m.metadata.push([...some(random, m.metadata)]);
  },
  "metadata member less": (m, random) => void m.metadata.splice(random.below(m.metadata.length + 1), 1),
  "metadata values exchanged": (m, random) => {
    if (m.metadata.length === 0) return;
    const [a, b] = [some(random, m.metadata), some(random, m.metadata)];
    [a[1], b[1]] = [b[1], a[1]];
  },
  "metadata no text": (m, random) => {
    if (m.metadata.length > 0) some(random, m.metadata)[1] = some(random, NUMBERS);
  },
  "rescoring claimed": (m, random) => {
    set(m, "rescore.codec", some(random, ["int8", "fixed", "x y"]));
    set(m, "rescore.codec_version", some(random, ["1", "9"]));
    set(m, "rescore.params", some(random, ["{}", "[]"]));
    const codes = m.tensors.find((t) => t.name === "codes");
    if (codes) m.tensors.push({ ...codes, name: "rescore.codes", bytes: codes.bytes.slice() });
  },
  "tensor name": (m, random) => {
    const t = tensor(m, random);
    if (t) t.name = some(random, NAMES);
  },
  "tensor twice": (m, random) => {
    const t = tensor(m, random);
    if (t)
      m.tensors.push({ ...t, bytes: t.bytes.slice(), name: random.onceIn(3) ? t.name : some(random, NAMES) });
  },
  "tensor less": (m, random) => void m.tensors.splice(random.below(m.tensors.length + 1), 1),
  "tensors in another order": (m, random) => void m.tensors.sort(() => random.uniform() - 0.5),
  dtype: (m, random) => {
    const t = tensor(m, random);
    if (t) t.dtype = some(random, DTYPES);
  },
  "shape number": (m, random) => {
    const t = tensor(m, random);
    if (t && t.shape.length > 0) {
      t.shape = [...t.shape];
      t.shape[random.below(t.shape.length)] = some(random, NUMBERS);
    }
  },
  "shape length": (m, random) => {
    const t = tensor(m, random);
    if (t)
      t.shape = random.pick([
        [],
        [0],
        [1, ...t.shape],
        [...t.shape, 1],
        [...t.shape, 0],
        new Array(64).fill(1),
        new Array(65).fill(1),
        [2 ** 26, 2 ** 26, 2 ** 26],
        [...t.shape].reverse(),
      ]);
  },
  offsets: (m, random) => {
    const t = tensor(m, random);
    if (t)
      t.offsets = random.pick([
        [0, t.bytes.length],
        [some(random, NUMBERS), some(random, NUMBERS)],
        [64, 64],
        [0],
        [0, 1, 2],
        [t.bytes.length, 0],
        [2 ** 53 - 64, 2 ** 53 - 1],
      ]);
  },
  "field more": (m, random) => {
    const t = tensor(m, random);
    if (t)
      t.fields = [
        [random.pick(["dtype", "shape", "data_offsets", "more", "__proto__"]), some(random, NUMBERS)],
      ];
  },
  "member more": (m, random) => void m.extra.push([some(random, NAMES), some(random, NUMBERS)]),
  "dim and stride": (m, random) => {
    const dim = 1 + random.below(20);
    set(m, "dim", String(dim));
    const codes = m.tensors.find((t) => t.name === "codes");
    if (codes && codes.shape[0] > 0 && codes.shape[0] < 100 && random.onceIn(2)) {
      codes.shape = [codes.shape[0], dim + 4];
      codes.bytes = Uint8Array.from(
        { length: codes.shape[0] * (dim + 4) },
        (_, i) => codes.bytes[i] ?? random.below(256),
      );
    }
  },
  count: resize,
  "tensor bytes": (m, random) => {
    const t = tensor(m, random);
    if (t) rewrite(t, random);
  },
  "tensor bytes again": (m, random) => {
    for (const t of m.tensors) if (random.onceIn(2)) rewrite(t, random);
  },
  "tensor length": (m, random) => {
    const t = tensor(m, random);
    if (t)
      t.bytes = random.onceIn(2)
        ? t.bytes.slice(0, random.below(t.bytes.length + 1))
        : new Uint8Array([...t.bytes, 1]);
  },
  alignment: (m, random) => {
    m.align = random.pick([1, 8, 32, 128]);
  },
  "wrong checksum": (m, random) => {
    m.wrong = [random.onceIn(3) ? "header" : (tensor(m, random)?.name ?? "header")];
  },
  "bytes behind": (m, random) => {
    m.tail = new Uint8Array(1 + random.below(70));
  },
  "white space": (m) => {
    m.spaced = true;
  },
  "no profile": (m) => {
    m.plain = true;
    m.metadata = [];
  },
};

/** Those that leave the file right enough for the layers behind the header. */
export const DEEP = [
  "metadata value",
  "metadata values exchanged",
  "rescoring claimed",
  "tensors in another order",
  "dim and stride",
  "count",
  "tensor bytes",
  "tensor bytes again",
  "white space",
];

export const BYTES = {
  cut: (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  "a bit": (bytes, random) => {
    const at = random.onceIn(2) ? random.below(Math.min(bytes.length, 900)) : random.below(bytes.length);
    bytes[at] ^= 1 << random.below(8);
    return bytes;
  },
  "a byte": (bytes, random) => {
    bytes[random.below(bytes.length)] = random.pick([...'{}[]",:\\0-', "\u0000", "\u007f"]).charCodeAt(0);
    return bytes;
  },
  "the length": (bytes, random) => {
    if (bytes.length >= 8)
      new DataView(bytes.buffer).setBigUint64(
        0,
        random.pick([
          0n,
          1n,
          2n,
          8n,
          BigInt(bytes.length),
          BigInt(bytes.length - 8),
          2n ** 24n,
          2n ** 53n,
          2n ** 64n - 1n,
        ]),
        true,
      );
    return bytes;
  },
  repeated: (bytes, random) => {
    const [a, b] = [random.below(bytes.length), random.below(bytes.length)];
    return new Uint8Array([...bytes.subarray(0, Math.max(a, b)), ...bytes.subarray(Math.min(a, b))]);
  },
};

export const NPY = {
  value: (m, random) => {
    some(random, m.members)[1] = random.pick([
      "'<f4'",
      "'<f8'",
      "'>f4'",
      "'|u1'",
      "True",
      "False",
      "()",
      "(3,)",
      "(3)",
      "(2, 2, 2)",
      "(0, 0)",
      "(0, 3)",
      "(1099511627776, 1)",
      "(4294967296, 4294967296)",
      "(9007199254740993, 1)",
      "(1, 65537)",
      "(-1, 3)",
      "(1.5, 2)",
      "(2L, 3L)",
      "[('a', '<f4')]",
      "None",
      "__import__('os')",
      `(${"1,".repeat(200)})`,
      `'${"x".repeat(3000)}'`,
      "",
    ]);
  },
  key: (m, random) => {
    some(random, m.members)[0] = random.pick([
      "'descr'",
      "'shape'",
      "'fortran_order'",
      "'more'",
      "descr",
      '"descr"',
      "",
    ]);
  },
  more: (m, random) => void m.members.push([...some(random, m.members)]),
  less: (m, random) => void m.members.splice(random.below(m.members.length), 1),
  version: (m, random) => {
    m.version = random.pick([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [0, 0],
      [1, 1],
      [255, 255],
    ]);
  },
  magic: (m, random) => {
    m.magic = m.magic.with(random.below(6), random.below(256));
  },
  end: (m, random) => {
    m.end = random.pick(["}", ",}", " }", "}}", "", "} x", ", , }", "}\u0000"]);
  },
  length: (m, random) => {
    m.length = random.pick([0, 1, 10, 65_535, 2 ** 24, 2 ** 24 + 1, 2 ** 32 - 1]);
  },
  data: (m, random) => {
    m.data = new Uint8Array(random.below(100));
  },
};
