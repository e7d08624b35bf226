/**
 * int8 codes that share one scale: code_j = round(v_j / scale), half to even, from -127 to 127, a byte each and nothing more.
 *
 * Adding 128 to every element makes them unsigned without changing a distance: |(a + 128) - (b + 128)| = |a - b|, and
 * scale |a - b| is the distance of the decoded vectors. So a database that keeps vectors of `uint8` can hold codes
 * as its vectors and rank them under l2. Not under cosine or dot, which a shift changes; and not codes with a scale
 * for each row, as those of `int8` have, whose distances don't compare.
 */
import { type CodecFamily, checkVectors, PithError, rowCodecFamily, type Vectors } from "@pith/codec-core";

/** What a step may be at most, so that no code overflows float32: 127 steps stay below 2^127. */
const MOST: number = 2 ** 120;

/** The family `int8-shared`. Option `scale`: what one step stands for; rows with an element beyond 127.5 steps are refused. */
export const int8Shared: CodecFamily = rowCodecFamily({
  name: "int8-shared",
  version: 1,
  summary: "a byte an element, one scale for all vectors; l2 alone",
  metrics: ["l2"],
  supports: { metrics: ["l2"] },
  options: {
    scale: {
      type: "number",
      default: 1 / 127,
      min: 2 ** -120,
      max: MOST,
      about: "what one step stands for: largest |element| / 127",
    },
  },
  coder({ dim, options }) {
    const scale = Math.fround(options["scale"] as number);
    return {
      stride: dim,
      encodeRow(row, out) {
        row.forEach((x, j) => {
          const code = halfToEven(x / scale);
          if (Math.abs(code) > 127)
            throw new PithError(
              "INVALID_ARGUMENT",
              `element ${j} is ${x}, beyond 127 steps of the scale ${scale}`,
              {
                column: j,
                scale,
              },
            );
          out[j] = code;
        });
      },
      decodeRow(code, out) {
        code.forEach((byte, j) => {
          out[j] = ((byte << 24) >> 24) * scale;
        });
      },
      errorBoundRow: () => (scale / 2) * Math.sqrt(dim) * (1 + 2 ** -20),
    };
  },
});

/** The scale that the vectors need: the largest |element| / 127, as float32 and rounded up. @throws NOT_FINITE, INVALID_ARGUMENT */
export function sharedScale(v: Vectors): number {
  checkVectors(v, v.dim);
  const largest = v.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return Math.max(2 ** -120, Math.fround(largest / 127));
}

/** Codes as `uint8` elements: code + 128. */
export function unsignedOf(codes: Uint8Array): Float32Array {
  return Float32Array.from(codes, (byte) => byte ^ 0x80);
}

/** The codes of `uint8` elements. @throws CORRUPT_CODES for what isn't an integer from 1 to 255 */
export function signedOf(elements: Float32Array): Uint8Array {
  return Uint8Array.from(elements, (x) => {
    if (Number.isInteger(x) && x >= 1 && x <= 255) return x ^ 0x80;
    throw new PithError("CORRUPT_CODES", `expected an element from 1 to 255, got ${x}`, { actual: x });
  });
}

/** A query in the same units, as near as whole steps come to it. */
export function unsignedQuery(query: Float32Array, scale: number): Float32Array {
  return query.map((x) => Math.min(127, Math.max(-127, halfToEven(x / scale))) + 128);
}

function halfToEven(x: number): number {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}
