/**
 * The record of the TurboQuant vector spec, little-endian:
 *
 *   u32 length of the packed angles, u32 bytes of the magnitudes, u32 length of the sign bits (0 without QJL),
 *   packed angles, magnitudes as float32, sign bits
 *
 * It holds neither config nor checksum: who reads it brings the config, and lengths, magnitudes and unused bits are all
 * that can be checked. A Pith file holds both.
 */
import { PithError } from "@pith/codec-core";
import type { SpecConfig, SpecSizes } from "./config.ts";

export interface CompressedVector {
  readonly config: SpecConfig;
  readonly polar: {
    /** Levels of the n coordinates, `bits` each, least significant bit first. */
    readonly packedAngles: Uint8Array;
    /** One a block, finite and >= 0. */
    readonly magnitudes: Float32Array;
  };
  /** Only with `useQjl`. */
  readonly qjl?: {
    /** n signs, least significant bit first; 1 is >= 0. */
    readonly signBits: Uint8Array;
  };
}

export const HEADER_BYTES = 12;

export function compressedVector(
  config: SpecConfig,
  sizes: SpecSizes,
  payload: Uint8Array,
): CompressedVector {
  const { packedAngles, magnitudes, blocks } = sizes;
  const view = new DataView(payload.buffer, payload.byteOffset + packedAngles, magnitudes);
  const polar = {
    packedAngles: payload.slice(0, packedAngles),
    magnitudes: Float32Array.from({ length: blocks }, (_, i) => view.getFloat32(4 * i, true)),
  };
  if (!config.useQjl) return { config, polar };
  return { config, polar, qjl: { signBits: payload.slice(packedAngles + magnitudes) } };
}

/** The payload of a compressed vector, in memory of its own. @throws INVALID_ARGUMENT, LENGTH_MISMATCH */
export function payloadOf(vector: CompressedVector, sizes: SpecSizes): Uint8Array {
  const { packedAngles, magnitudes } = vector.polar;
  const signBits = vector.qjl?.signBits ?? new Uint8Array(0);
  if (!(packedAngles instanceof Uint8Array && magnitudes instanceof Float32Array))
    throw new PithError(
      "INVALID_ARGUMENT",
      "expected packed angles as a Uint8Array and magnitudes as a Float32Array",
    );
  if (!(signBits instanceof Uint8Array))
    throw new PithError("INVALID_ARGUMENT", `expected sign bits as a Uint8Array`);
  checkLengths([packedAngles.length, 4 * magnitudes.length, signBits.length], sizes);
  const payload = new Uint8Array(sizes.payload);
  payload.set(packedAngles);
  const view = new DataView(payload.buffer, sizes.packedAngles, sizes.magnitudes);
  magnitudes.forEach((m, i) => {
    view.setFloat32(4 * i, m, true);
  });
  payload.set(signBits, sizes.packedAngles + sizes.magnitudes);
  return payload;
}

export function recordOf(payload: Uint8Array, sizes: SpecSizes): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + sizes.payload);
  const header = new DataView(record.buffer);
  header.setUint32(0, sizes.packedAngles, true);
  header.setUint32(4, sizes.magnitudes, true);
  header.setUint32(8, sizes.signBits, true);
  record.set(payload, HEADER_BYTES);
  return record;
}

/** The payload in a record, as a view. @throws INVALID_ARGUMENT, LENGTH_MISMATCH for one that is cut, long, or of other lengths */
export function payloadIn(record: Uint8Array, sizes: SpecSizes): Uint8Array {
  if (!(record instanceof Uint8Array))
    throw new PithError(
      "INVALID_ARGUMENT",
      `expected a record as a Uint8Array, got a value of type ${typeof record}`,
    );
  if (record.length >= HEADER_BYTES) {
    const header = new DataView(record.buffer, record.byteOffset, HEADER_BYTES);
    checkLengths(
      [0, 4, 8].map((at) => header.getUint32(at, true)),
      sizes,
    );
  }
  const expected = HEADER_BYTES + sizes.payload;
  if (record.length !== expected)
    throw new PithError("LENGTH_MISMATCH", `expected a record of ${expected} bytes, got ${record.length}`, {
      expected,
      actual: record.length,
    });
  return record.subarray(HEADER_BYTES);
}

/** Packed angles, magnitudes, sign bits, in bytes. */
function checkLengths(actual: readonly number[], sizes: SpecSizes): void {
  const expected = [sizes.packedAngles, sizes.magnitudes, sizes.signBits];
  const parts = ["packed angles", "magnitudes", "sign bits"];
  expected.forEach((length, i) => {
    if (actual[i] !== length)
      throw new PithError("LENGTH_MISMATCH", `expected ${length} bytes of ${parts[i]}, got ${actual[i]}`, {
        part: parts[i],
        expected: length,
        actual: actual[i],
      });
  });
}
