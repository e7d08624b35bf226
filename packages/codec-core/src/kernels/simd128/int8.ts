/** int8 codes: encoding, decoding and scores, a block of rows at a time. */
import type { Metric } from "../../contract/metric.ts";
import { packQueries } from "./heaps.ts";
import { METRIC, type Wasm } from "./instance.ts";
import { Memory } from "./memory.ts";
import { blockRows } from "./rows.ts";

const SCALE_BYTES = 4;

export function int8Encode(
  wasm: Wasm,
  data: Float32Array,
  dim: number,
  unit: boolean,
  out: Uint8Array,
): void {
  const rows = data.length / dim;
  const stride = dim + SCALE_BYTES;
  const memory = new Memory(wasm);
  const n = blockRows(4 * dim, rows);
  const block = memory.floats(n * dim);
  const codes = memory.bytes(n * stride);
  for (let first = 0; first < rows; first += n) {
    const count = Math.min(n, rows - first);
    block.set(data.subarray(first * dim, (first + count) * dim));
    wasm.int8Encode(block.byteOffset, dim, count, unit ? 1 : 0, codes.byteOffset);
    out.set(codes.subarray(0, count * stride), first * stride);
  }
}

export function int8Decode(wasm: Wasm, codes: Uint8Array, dim: number, out: Float32Array): void {
  const stride = dim + SCALE_BYTES;
  const rows = codes.length / stride;
  const memory = new Memory(wasm);
  const n = blockRows(4 * dim, rows);
  const block = memory.bytes(n * stride);
  const floats = memory.floats(n * dim);
  for (let first = 0; first < rows; first += n) {
    const count = Math.min(n, rows - first);
    block.set(codes.subarray(first * stride, (first + count) * stride));
    wasm.int8Decode(block.byteOffset, dim, count, floats.byteOffset);
    out.set(floats.subarray(0, count * dim), first * dim);
  }
}

export function int8Scores(
  wasm: Wasm,
  metric: Metric,
  query: Float32Array,
  codes: Uint8Array,
  dim: number,
  out: Float32Array,
): void {
  const stride = dim + SCALE_BYTES;
  const memory = new Memory(wasm);
  const packed = packQueries(memory, query, dim, 0, 1);
  const n = blockRows(stride, out.length);
  const block = memory.bytes(n * stride);
  const scores = memory.floats(n);
  for (let first = 0; first < out.length; first += n) {
    const count = Math.min(n, out.length - first);
    block.set(codes.subarray(first * stride, (first + count) * stride));
    wasm.int8Scores(METRIC[metric], packed.byteOffset, block.byteOffset, dim, count, scores.byteOffset);
    out.set(scores.subarray(0, count), first);
  }
}
