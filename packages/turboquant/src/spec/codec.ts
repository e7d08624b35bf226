/**
 * The operations of the TurboQuant vector spec, by its names: compress, dequantize, dotProduct, cosineSimilarity,
 * bytesPerVector, compressionRatio, serialize, deserialize. docs/turboquant.md states every choice where the spec is
 * silent. For search over many vectors there is `turboquantSpec`, whose codes are the same payloads.
 */
import { type Codes, checkFinite, PithError } from "@pith/codec-core";
import { powerOfTwo } from "./binary-scale.ts";
import { SpecCoder } from "./coder.ts";
import {
  readSpecOptions,
  type SpecConfig,
  type SpecEncoder,
  type SpecOptions,
  sameConfig,
} from "./config.ts";
import { dot, innerProduct, type Operand, residualEnergy, scaledSigns } from "./estimate.ts";
import {
  type CompressedVector,
  compressedVector,
  HEADER_BYTES,
  payloadIn,
  payloadOf,
  recordOf,
} from "./record.ts";

/** A compressed vector, as `compress` gives it or as the bytes of its record. */
export type SpecRecord = CompressedVector | Uint8Array;

/**
 * All methods are pure. Records of another config are CODEC_MISMATCH; records as bytes hold no config, so there a wrong
 * one shows only in its lengths (LENGTH_MISMATCH).
 */
export interface SpecCodec {
  readonly config: SpecConfig;
  readonly encoder: SpecEncoder;
  /**
   * `vector`: dim finite floats. Its length is kept; normalise before if only directions count.
   * @throws INVALID_ARGUMENT (no Float32Array, or too long for float32 magnitudes), DIM_MISMATCH, NOT_FINITE
   */
  compress(vector: Float32Array): CompressedVector;
  /** The vector that a record stands for: dim floats. @throws CODEC_MISMATCH, LENGTH_MISMATCH, CORRUPT_CODES */
  dequantize(record: SpecRecord): Float32Array;
  /**
   * Inner product over the n rotated coordinates. A Float32Array is a vector that isn't compressed: with one as query,
   * the score has the error of one side only.
   * @throws as dequantize and compress
   */
  dotProduct(lhs: SpecRecord | Float32Array, rhs: SpecRecord | Float32Array): number;
  /** dotProduct by the lengths of both sides, from -1 to 1; 0 where one of them is zero. @throws as dotProduct */
  cosineSimilarity(lhs: SpecRecord | Float32Array, rhs: SpecRecord | Float32Array): number;
  /** Bytes of levels, magnitudes and signs: 160 at the defaults. */
  bytesPerVector(): number;
  /** The same with the record's header of 12 bytes: 172 at the defaults. */
  serializedBytesPerVector(): number;
  /** 4 dim / bytesPerVector(): 6.4 at the defaults; of records with their header 5.95. */
  compressionRatio(options?: { serialized?: boolean }): number;
  /** The record's bytes. @throws as dequantize */
  serialize(record: CompressedVector): Uint8Array;
  /** @throws INVALID_ARGUMENT, LENGTH_MISMATCH (cut, long, or of another config), CORRUPT_CODES (magnitudes, unused bits) */
  deserialize(record: Uint8Array): CompressedVector;
  /** Payloads one after another: codes for `turboquantSpec`. @throws as dequantize, with the record's position */
  toCodes(records: readonly SpecRecord[]): Codes;
}

/** @throws DIM_UNSUPPORTED, INVALID_OPTION */
export function createSpecCodec(options: SpecOptions = {}): SpecCodec {
  const { config, encoder } = readSpecOptions(options);
  return new Codec(new SpecCoder(config, encoder), encoder);
}

class Codec implements SpecCodec {
  readonly config: SpecConfig;
  readonly encoder: SpecEncoder;
  readonly #coder: SpecCoder;

  constructor(coder: SpecCoder, encoder: SpecEncoder) {
    this.#coder = coder;
    this.config = coder.config;
    this.encoder = encoder;
  }

  compress(vector: Float32Array): CompressedVector {
    this.#checkVector(vector);
    const { sizes } = this.#coder;
    const payload = new Uint8Array(sizes.payload);
    this.#coder.encode(vector, payload);
    return compressedVector(this.config, sizes, payload);
  }

  dequantize(record: SpecRecord): Float32Array {
    const out = new Float32Array(this.config.dim);
    this.#coder.decode(this.#payload(record), out);
    return out;
  }

  dotProduct(lhs: SpecRecord | Float32Array, rhs: SpecRecord | Float32Array): number {
    const [a, b] = [this.#operand(lhs), this.#operand(rhs)];
    return innerProduct(a, b) * powerOfTwo(a.exponent + b.exponent);
  }

  cosineSimilarity(lhs: SpecRecord | Float32Array, rhs: SpecRecord | Float32Array): number {
    const [a, b] = [this.#operand(lhs), this.#operand(rhs)];
    const lengths = Math.sqrt(dot(a.y, a.y)) * Math.sqrt(dot(b.y, b.y));
    return lengths === 0 ? 0 : Math.max(-1, Math.min(1, innerProduct(a, b) / lengths));
  }

  bytesPerVector(): number {
    return this.#coder.sizes.payload;
  }

  serializedBytesPerVector(): number {
    return HEADER_BYTES + this.#coder.sizes.payload;
  }

  compressionRatio({ serialized = false }: { serialized?: boolean } = {}): number {
    return (4 * this.config.dim) / (serialized ? this.serializedBytesPerVector() : this.bytesPerVector());
  }

  serialize(record: CompressedVector): Uint8Array {
    return recordOf(this.#payload(record), this.#coder.sizes);
  }

  deserialize(record: Uint8Array): CompressedVector {
    const { sizes } = this.#coder;
    const payload = payloadIn(record, sizes);
    this.#coder.check(payload);
    return compressedVector(this.config, sizes, payload);
  }

  toCodes(records: readonly SpecRecord[]): Codes {
    const stride = this.bytesPerVector();
    const bytes = new Uint8Array(records.length * stride);
    records.forEach((record, i) => {
      try {
        bytes.set(this.#payload(record), i * stride);
      } catch (error) {
        if (!(error instanceof PithError)) throw error;
        throw new PithError(error.code, `record ${i}: ${error.message}`, { ...error.details, row: i });
      }
    });
    return { bytes, stride, count: records.length };
  }

  #checkVector(vector: Float32Array): void {
    const { dim } = this.config;
    if (!(vector instanceof Float32Array))
      throw new PithError("INVALID_ARGUMENT", `expected a vector as a Float32Array, got ${kindOf(vector)}`);
    if (vector.length !== dim)
      throw new PithError("DIM_MISMATCH", `expected a vector of dim ${dim}, got ${vector.length}`, {
        expected: dim,
        actual: vector.length,
      });
    checkFinite(vector, dim);
  }

  /** The checked payload of a record. */
  #payload(record: SpecRecord): Uint8Array {
    const payload =
      record instanceof Uint8Array ? payloadIn(record, this.#coder.sizes) : this.#payloadOf(record);
    this.#coder.check(payload);
    return payload;
  }

  #payloadOf(record: CompressedVector): Uint8Array {
    if (typeof record !== "object" || record === null || !record.polar || !record.config)
      throw new PithError("INVALID_ARGUMENT", `expected a compressed vector, got ${kindOf(record)}`);
    if (!sameConfig(record.config, this.config)) {
      const [expected, actual] = [describe(this.config), describe(record.config)];
      throw new PithError("CODEC_MISMATCH", `expected a record of ${expected}, got one of ${actual}`, {
        expected,
        actual,
      });
    }
    return payloadOf(record, this.#coder.sizes);
  }

  #operand(side: SpecRecord | Float32Array): Operand {
    const y = new Float32Array(this.#coder.sizes.coordinates);
    if (side instanceof Float32Array) {
      this.#checkVector(side);
      const exponent = this.#coder.rotate(side, y);
      return { y, exponent, ...this.#sketch(y, 0, undefined) };
    }
    const payload = this.#payload(side);
    const { exponent, energy } = this.#coder.read(payload, y);
    const { packedAngles, magnitudes } = this.#coder.sizes;
    return { y, exponent, ...this.#sketch(y, energy, payload.subarray(packedAngles + magnitudes)) };
  }

  /** A vector that isn't compressed has no residual. */
  #sketch(y: Float32Array, energy: number, signBits: Uint8Array | undefined): Pick<Operand, "sketch"> {
    if (!this.config.useQjl) return {};
    const projected = y.slice();
    this.#coder.sketch(projected);
    const residual = residualEnergy(energy, this.config.bits, this.encoder);
    const signs = signBits ? scaledSigns(signBits, y.length, residual) : new Float32Array(y.length);
    return { sketch: { projected, signs } };
  }
}

function kindOf(value: unknown): string {
  return value === null ? "null" : `a value of type ${typeof value}`;
}

function describe({ dim, bits, blockSize, useQjl, polarSeed, qjlSeed }: SpecConfig): string {
  return `dim ${dim}, ${bits} bits, blocks of ${blockSize}, ${useQjl ? `QJL seed ${qjlSeed}` : "no QJL"}, seed ${polarSeed}`;
}
