/**
 * A vector as the payload of the TurboQuant vector spec, and back. The payload is what the record holds after its
 * header: the packed levels, a float32 magnitude a block, and with QJL the signs of the residual's sketch.
 *
 *   encode: scale by a power of two, pad with zeros to n, rotate, quantize block by block, pack
 *   decode: unpack, (2 q / L - 1) m in float32, rotate back, keep the first dim coordinates
 *
 * The sketch (QJL, Zandieh et al., 2024) is sign(P r): r is the residual of the n rotated coordinates, P a second
 * rotation with its own seed in place of a Gaussian matrix, bit 1 for >= 0. All arithmetic is float32 with one
 * rounding a step; nothing is fused.
 */
import { PithError } from "@pith/codec-core";
import { exponentOf, largest, powerOfTwo } from "./binary-scale.ts";
import { hasTailBits, packBits, unpackBits } from "./bit-stream.ts";
import { type BlockQuantizer, blockQuantizer } from "./block-quantizer.ts";
import { type SpecConfig, type SpecEncoder, type SpecSizes, specSizes } from "./config.ts";
import { Rotation } from "./rotation.ts";

const MAX_FLOAT32 = 3.4028234663852886e38;

/** Holds scratch memory: one call at a time, nothing kept between them. */
export class SpecCoder {
  readonly config: SpecConfig;
  readonly sizes: SpecSizes;
  readonly #rotation: Rotation;
  readonly #sketch: Rotation | undefined;
  readonly #quantize: BlockQuantizer;
  /** What each level stands for in a block of magnitude 1. */
  readonly #grid: Float32Array;
  readonly #y: Float32Array;
  readonly #levels: Uint8Array;

  constructor(config: SpecConfig, encoder: SpecEncoder) {
    this.config = config;
    this.sizes = specSizes(config);
    const n = this.sizes.coordinates;
    const top = 2 ** config.bits - 1;
    this.#rotation = new Rotation(n, config.polarSeed);
    this.#sketch = config.useQjl ? new Rotation(n, config.qjlSeed) : undefined;
    this.#quantize = blockQuantizer(encoder, config.bits, Math.min(config.blockSize, n));
    this.#grid = Float32Array.from({ length: top + 1 }, (_, q) => Math.fround(q / top) * 2 - 1);
    this.#y = new Float32Array(n);
    this.#levels = new Uint8Array(n);
  }

  /**
   * Writes the payload of `vector` (dim finite floats) into `out` (`sizes.payload` bytes).
   * @throws INVALID_ARGUMENT for a vector so long that a magnitude is beyond float32
   */
  encode(vector: Float32Array, out: Uint8Array): void {
    const { packedAngles } = this.sizes;
    const magnitudes = viewOf(out, packedAngles);
    const y = this.#y;
    const exponent = this.rotate(vector, y);
    const scale = powerOfTwo(exponent);
    this.#eachBlock((block, start, end) => {
      const m = Math.fround(this.#quantize(y, start, end, this.#levels) * scale);
      if (m === Infinity)
        throw new PithError("INVALID_ARGUMENT", "the vector is too long: a magnitude is beyond float32", {
          block,
        });
      if (m === 0) this.#levels.fill(0, start, end);
      magnitudes.setFloat32(4 * block, m, true);
    });
    out.fill(0, 0, packedAngles);
    packBits(this.#levels, this.config.bits, out);
    if (this.#sketch) this.#encodeSigns(this.#sketch, exponent, out);
  }

  #encodeSigns(sketch: Rotation, exponent: number, out: Uint8Array): void {
    const { packedAngles, magnitudes } = this.sizes;
    const view = viewOf(out, packedAngles);
    const y = this.#y;
    const down = powerOfTwo(-exponent);
    this.#eachBlock((block, start, end) => {
      const m = Math.fround(view.getFloat32(4 * block, true) * down);
      for (let j = start; j < end; j++) y[j] -= Math.fround(this.#grid[this.#levels[j]] * m);
    });
    sketch.apply(y);
    const bits = out.subarray(packedAngles + magnitudes).fill(0);
    for (let j = 0; j < y.length; j++) if (y[j] >= 0) bits[j >> 3] |= 1 << (j & 7);
  }

  /** Reads a payload into `out` (dim floats); beyond float32 it gives the largest float32. @throws CORRUPT_CODES */
  decode(payload: Uint8Array, out: Float32Array): void {
    const y = this.#y;
    const { exponent, zero } = this.read(payload, y);
    if (zero) {
      out.fill(0);
      return;
    }
    this.#rotation.undo(y);
    const scale = powerOfTwo(exponent);
    for (let j = 0; j < out.length; j++) out[j] = Math.max(-MAX_FLOAT32, Math.min(MAX_FLOAT32, y[j] * scale));
  }

  /** The n rotated coordinates of a vector times 2^-exponent into `y`; returns the exponent. */
  rotate(vector: Float32Array, y: Float32Array): number {
    const max = largest(vector);
    const exponent = max > 0 ? exponentOf(max) : 0;
    const down = powerOfTwo(-exponent);
    for (let j = 0; j < vector.length; j++) y[j] = vector[j] * down;
    y.fill(0, vector.length);
    this.#rotation.apply(y);
    return exponent;
  }

  /**
   * The n rotated coordinates that a payload stands for, times 2^-exponent, into `y`; and the sum over blocks of
   * length times squared magnitude, times 2^(-2 exponent).
   * @throws CORRUPT_CODES
   */
  read(payload: Uint8Array, y: Float32Array): { exponent: number; zero: boolean; energy: number } {
    const view = viewOf(payload, this.sizes.packedAngles);
    const max = this.#checkMagnitudes(view);
    const exponent = max > 0 ? exponentOf(max) : 0;
    const down = powerOfTwo(-exponent);
    unpackBits(payload, this.config.bits, this.#levels);
    let energy = 0;
    this.#eachBlock((block, start, end) => {
      const m = Math.fround(view.getFloat32(4 * block, true) * down);
      for (let j = start; j < end; j++) y[j] = this.#grid[this.#levels[j]] * m;
      energy += (end - start) * m * m;
    });
    return { exponent, zero: max === 0, energy };
  }

  /** Applies the sketch's rotation in place. Only with QJL. */
  sketch(y: Float32Array): void {
    this.#sketch?.apply(y);
  }

  /** @throws CORRUPT_CODES for magnitudes that aren't finite and >= 0, or bits set behind the last level or sign */
  check(payload: Uint8Array): void {
    const { packedAngles, magnitudes, coordinates } = this.sizes;
    this.#checkMagnitudes(viewOf(payload, packedAngles));
    const tails =
      hasTailBits(payload.subarray(0, packedAngles), coordinates * this.config.bits) ||
      (this.#sketch !== undefined && hasTailBits(payload.subarray(packedAngles + magnitudes), coordinates));
    if (tails)
      throw new PithError(
        "CORRUPT_CODES",
        "expected zeros behind the last coordinate, got bits that are set",
      );
  }

  #checkMagnitudes(view: DataView): number {
    let max = 0;
    for (let block = 0; block < this.sizes.blocks; block++) {
      const m = view.getFloat32(4 * block, true);
      if (!(m >= 0 && m < Infinity) || Object.is(m, -0))
        throw new PithError(
          "CORRUPT_CODES",
          `block ${block}: expected a magnitude from 0, got ${Object.is(m, -0) ? "-0" : m}`,
          { block, actual: String(m) },
        );
      if (m > max) max = m;
    }
    return max;
  }

  #eachBlock(visit: (block: number, start: number, end: number) => void): void {
    const { blockSize } = this.config;
    const n = this.sizes.coordinates;
    for (let block = 0, start = 0; start < n; block++, start += blockSize)
      visit(block, start, Math.min(start + blockSize, n));
  }
}

function viewOf(bytes: Uint8Array, from: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + from, bytes.byteLength - from);
}
