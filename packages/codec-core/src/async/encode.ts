/**
 * Encoding and decoding off the event loop. A codec that has asynchronous kernels uses them; any other one works on the
 * event loop, in blocks of a few milliseconds between which everything else runs.
 */
import type { Codec } from "../contract/codec.ts";
import { type Codes, checkCodes, sliceCodes } from "../contract/codes.ts";
import { checkFinite, checkShape, sliceVectors, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { type AsyncOptions, BlockSize, pause, Work } from "./work.ts";

/** Floats of the first block. */
const FIRST_FLOATS = 32_768;

/**
 * What `codec.encode(v)` gives. The vectors must not change until the promise settles.
 * @throws what `encode` throws, ABORTED
 */
export async function encodeAsync(codec: Codec, v: Vectors, options: AsyncOptions = {}): Promise<Codes> {
  checkShape(v, codec.dim);
  const work = new Work(options, v.count);
  const native = codec.encodeAsync?.(v, options);
  if (native) return native;
  const out = room(codec.encode(sliceVectors(v, 0, 0)), v.count);
  await inBlocks(work, v.dim, (start, end) => {
    checkAttached(v.data.length, v.count * v.dim);
    const block = sliceVectors(v, start, end);
    checkFinite(block.data, v.dim, start);
    const part = codec.encode(block);
    out.bytes.set(part.bytes, start * out.stride);
    out.planes?.forEach((plane, i) => {
      plane.bytes.set((part.planes as NonNullable<Codes["planes"]>)[i].bytes, start * plane.stride);
    });
  });
  return out;
}

/** Codes of `count` rows, laid out as these, all zero. */
function room({ stride, planes }: Codes, count: number): Codes {
  const codes = { bytes: new Uint8Array(count * stride), stride, count };
  if (!planes) return codes;
  return {
    ...codes,
    planes: planes.map((plane) => ({ stride: plane.stride, bytes: new Uint8Array(count * plane.stride) })),
  };
}

/**
 * What `codec.decode(c)` gives. The codes must not change until the promise settles.
 * @throws what `decode` throws, ABORTED
 */
export async function decodeAsync(codec: Codec, c: Codes, options: AsyncOptions = {}): Promise<Vectors> {
  if (!c.planes) checkCodes(c, codec.stride);
  const { dim } = codec;
  const work = new Work(options, c.count);
  const native = codec.decodeAsync?.(c, options);
  if (native) return native;
  const data = new Float32Array(c.count * dim);
  await inBlocks(work, dim, (start, end) => {
    checkAttached(c.bytes.length, c.count * c.stride);
    codec.decodeInto(sliceCodes(c, start, end), data.subarray(start * dim, end * dim));
  });
  return { data, dim, count: c.count };
}

async function inBlocks(work: Work, dim: number, block: (start: number, end: number) => void): Promise<void> {
  const size = new BlockSize(FIRST_FLOATS / dim);
  for (let start = 0; start < work.total; ) {
    await pause();
    work.check();
    const end = Math.min(work.total, start + size.rows);
    size.begin();
    block(start, end);
    size.end();
    work.progress(end);
    start = end;
  }
  work.finish();
}

/** @throws LENGTH_MISMATCH where an array lost its memory since the work began */
export function checkAttached(actual: number, expected: number): void {
  if (actual === expected) return;
  throw new PithError(
    "LENGTH_MISMATCH",
    `the input was transferred or resized while it was read: expected ${expected} elements, got ${actual}`,
    { expected, actual },
  );
}
