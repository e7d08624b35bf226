/** What the golden files hold, as the TypeScript API spells it; golden/make.py says the same in Python. */
import { IdColumn, type PithContents, rowsToBytes } from "../../src/index.ts";

const number = (i: number): number => (((i * 7) % 23) - 11) / 4;
const floats = (count: number, first = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => number(first + i));
const octets = (count: number, first = 0): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => first + 37 * i);
const bytes = (data: Float32Array | Float64Array): Uint8Array => new Uint8Array(data.buffer);
const half = (count: number, first = 0): Uint8Array =>
  rowsToBytes({ data: floats(count, first), dim: count, count: 1 }, "F16");

const rows = { dim: 5, count: 3, producer: "golden" } as const;
const f32 = { vectors: { dtype: "F32", shape: [3, 5], bytes: bytes(floats(15)) } } as const;
const codec = { name: "int8", version: 1, params: { signed: true, mode: "vector", group: 5 } };
const state = {
  "state.scalar": { dtype: "F64", shape: [3], bytes: bytes(Float64Array.from(floats(3, 200))) },
  "state.mean": { dtype: "F32", shape: [5], bytes: bytes(floats(5, 100)) },
} as const;
const codes = { ...rows, kind: "codes", metric: "cosine", codec } as const;

export const STRINGS: readonly string[] = ["plain", "", "naïve café", "日本語", "🦀\ufeff\u0000"];
export const NUMBERS: readonly number[] = [Number.MAX_SAFE_INTEGER, 0, Number.MIN_SAFE_INTEGER];
export const BIGINTS: readonly bigint[] = [2n ** 63n - 1n, 0n, -(2n ** 63n)];

export const GOLDEN: { readonly [name: string]: PithContents } = {
  "vectors-f32": { ...rows, kind: "vectors", tensors: f32 },
  "vectors-f16-strings": {
    ...rows,
    kind: "vectors",
    metric: "l2",
    count: 5,
    idType: "string",
    tensors: {
      vectors: { dtype: "F16", shape: [5, 5], bytes: half(25) },
      ...IdColumn.from(STRINGS).tensors(),
    },
  },
  "vectors-f32-numbers": {
    ...rows,
    kind: "vectors",
    metric: "dot",
    idType: "number",
    tensors: { ...f32, ...IdColumn.from(NUMBERS).tensors() },
  },
  "vectors-f32-bigints": {
    ...rows,
    kind: "vectors",
    idType: "bigint",
    tensors: { ...f32, ...IdColumn.from(BIGINTS).tensors() },
  },
  "codes-int8": { ...codes, tensors: { ...state, codes: { dtype: "U8", shape: [3, 9], bytes: octets(27) } } },
  "codes-everything": {
    ...codes,
    idType: "string",
    rescore: { name: "other.codec", version: 12, params: {} },
    tensors: {
      "rescore.codes": { dtype: "U8", shape: [3, 4], bytes: octets(12, 70) },
      "codes.2": { dtype: "U8", shape: [3, 64], bytes: octets(192, 60) },
      "codes.1": { dtype: "U8", shape: [3, 2], bytes: octets(6, 50) },
      codes: { dtype: "U8", shape: [3, 9], bytes: octets(27) },
      vectors: { dtype: "F16", shape: [3, 5], bytes: half(15) },
      ...IdColumn.from(["a", "b", "c"]).tensors(),
      "rescore.state.basis": { dtype: "F16", shape: [2, 5], bytes: half(10, 300) },
      ...state,
    },
  },
  "index-empty": {
    ...codes,
    kind: "index",
    count: 0,
    idType: "number",
    tensors: {
      codes: { dtype: "U8", shape: [0, 9], bytes: new Uint8Array(0) },
      ...IdColumn.from([], "number").tensors(),
    },
  },
};
