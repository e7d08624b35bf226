/** Kernels over floats one by one, or row by row, a block at a time. */
import { inRange, norms as portableNorms } from "../norms.ts";
import type { Wasm } from "./instance.ts";
import { Memory } from "./memory.ts";
import { blockRows } from "./rows.ts";

export function firstNonFinite(wasm: Wasm, data: Float32Array): number {
  const block = new Memory(wasm).floats(blockRows(4, data.length));
  for (let at = 0; at < data.length; at += block.length) {
    const part = data.subarray(at, at + block.length);
    block.set(part);
    const found = wasm.firstNonFinite(block.byteOffset, part.length);
    if (found >= 0) return at + found;
  }
  return -1;
}

export function toFloat16(wasm: Wasm, data: Float32Array, out: Uint16Array): void {
  const memory = new Memory(wasm);
  const block = memory.floats(blockRows(4, data.length));
  const halves = memory.uint16(block.length);
  for (let at = 0; at < data.length; at += block.length) {
    const part = data.subarray(at, at + block.length);
    block.set(part);
    wasm.narrow(block.byteOffset, part.length, halves.byteOffset);
    out.set(halves.subarray(0, part.length), at);
  }
}

export function fromFloat16(wasm: Wasm, bits: Uint16Array, out: Float32Array): void {
  const memory = new Memory(wasm);
  const block = memory.floats(blockRows(4, bits.length));
  const halves = memory.uint16(block.length);
  for (let at = 0; at < bits.length; at += block.length) {
    const part = bits.subarray(at, at + block.length);
    halves.set(part);
    wasm.widen(halves.byteOffset, part.length, block.byteOffset);
    out.set(block.subarray(0, part.length), at);
  }
}

export function norms(wasm: Wasm, data: Float32Array, dim: number, out: Float32Array): void {
  const memory = new Memory(wasm);
  const n = blockRows(4 * dim, out.length);
  const block = memory.floats(n * dim);
  const sums = memory.floats(n);
  for (let first = 0; first < out.length; first += n) {
    const count = Math.min(n, out.length - first);
    block.set(data.subarray(first * dim, (first + count) * dim));
    wasm.squaredNorms(block.byteOffset, dim, count, sums.byteOffset);
    for (let i = 0; i < count; i++) {
      const row = first + i;
      if (inRange(sums[i])) out[row] = Math.sqrt(sums[i]);
      else portableNorms(data.subarray(row * dim, (row + 1) * dim), dim, out.subarray(row, row + 1));
    }
  }
}
