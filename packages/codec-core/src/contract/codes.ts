import { PithError, shown } from "../errors.ts";
import { attachedLength } from "./attached.ts";

/**
 * `count` codes of `stride` bytes, one after another: random access, memory-mappable.
 * A progressive codec puts its refinements of plane 0 in `planes`; `codec.stride` counts them all.
 */
export interface Codes {
  readonly bytes: Uint8Array;
  readonly stride: number;
  readonly count: number;
  readonly planes?: readonly { readonly bytes: Uint8Array; readonly stride: number }[];
}

/** A `Codes` over `bytes`, without a copy. @throws LENGTH_MISMATCH */
export function codes(bytes: Uint8Array, stride: number): Codes {
  const count = bytes.length / stride;
  if (!Number.isInteger(count))
    throw new PithError("LENGTH_MISMATCH", `expected a multiple of ${stride} bytes, got ${bytes.length}`, {
      expected: stride,
      actual: bytes.length,
    });
  return { bytes, stride, count };
}

/** Codes `start` to `end` (exclusive) as a view on the same memory. */
export function sliceCodes(c: Codes, start: number, end: number = c.count): Codes {
  const part = {
    bytes: c.bytes.subarray(start * c.stride, end * c.stride),
    stride: c.stride,
    count: end - start,
  };
  if (!c.planes) return part;
  const planes = c.planes.map((p) => ({
    bytes: p.bytes.subarray(start * p.stride, end * p.stride),
    stride: p.stride,
  }));
  return { ...part, planes };
}

/** What every decoder and scorer asks of codes. @throws CODEC_MISMATCH, LENGTH_MISMATCH, INVALID_ARGUMENT (no bytes) */
export function checkCodes(c: Codes, stride: number): void {
  if (c.stride !== stride)
    throw new PithError("CODEC_MISMATCH", `expected codes of ${stride} bytes, got ${c.stride}`, {
      expected: stride,
      actual: c.stride,
    });
  if (!(c.bytes instanceof Uint8Array))
    throw new PithError("INVALID_ARGUMENT", `expected codes as a Uint8Array, got ${shown(c.bytes)}`);
  const length = attachedLength(c.bytes);
  if (!Number.isSafeInteger(c.count) || c.count < 0 || length !== c.count * stride)
    throw new PithError(
      "LENGTH_MISMATCH",
      `expected ${c.count} x ${stride} = ${c.count * stride} bytes of codes, got ${length}`,
      { expected: c.count * stride, actual: length },
    );
}

/** @throws LENGTH_MISMATCH unless an output buffer has exactly the room that is needed */
export function checkOutput(actual: number, expected: number, what: string): void {
  if (actual !== expected)
    throw new PithError("LENGTH_MISMATCH", `expected room for ${expected} ${what}, got ${actual}`, {
      expected,
      actual,
    });
}
