import { PithError, shown } from "../errors.ts";
import type { Dtype } from "../format/dtype.ts";
import { type CanonicalValue, canonicalJson } from "./canonical-json.ts";

/** A learned array as it stands in a file: little-endian, row-major. */
export interface StateTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Everything that makes a codec what it is, apart from the codes: goes into files, comes back by `family.restore`. */
export interface CodecState {
  readonly codec: string;
  readonly version: number;
  readonly dim: number;
  readonly metric: string;
  /** The options, with defaults filled in; written as RFC 8785 canonical JSON. */
  readonly params: { readonly [name: string]: CanonicalValue };
  readonly tensors: { readonly [name: string]: StateTensor };
}

/** Bytes of learned state, apart from the codes. */
export function stateBytes(state: CodecState): number {
  return Object.values(state.tensors).reduce((sum, t) => sum + t.bytes.length, 0);
}

/**
 * The part of `restore` that is the same for all: this codec, a version that we read, a state of the right shape.
 * @throws CODEC_MISMATCH, VERSION_UNSUPPORTED, CORRUPT_FILE
 */
export function checkState(
  state: CodecState,
  family: { readonly name: string; readonly version: number },
): void {
  const isObject = (x: unknown): boolean => typeof x === "object" && x !== null && !Array.isArray(x);
  if (!isObject(state) || !isObject(state.params) || !isObject(state.tensors))
    throw new PithError("CORRUPT_FILE", "expected a codec state with params and tensors");
  if (state.codec !== family.name)
    throw new PithError("CODEC_MISMATCH", `expected codes of ${family.name}, got ${shown(state.codec)}`, {
      expected: family.name,
      actual: state.codec,
    });
  if (!Number.isSafeInteger(state.version) || state.version < 1)
    throw new PithError("CORRUPT_FILE", `expected a codec version from 1, got ${shown(state.version)}`);
  if (state.version > family.version)
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `${family.name} codes of version ${state.version} are newer than this package, which reads up to ${family.version}`,
      { expected: family.version, actual: state.version },
    );
}

/**
 * That a state has the very params of the codec that was made from them: all, or none where all are defaults. Anything
 * else no codec of the family wrote. @throws CORRUPT_FILE
 */
export function checkParams(codec: { state(): CodecState }, state: CodecState): void {
  const expected = canonicalJson(codec.state().params);
  const actual = canonicalJson(state.params);
  if (expected !== actual)
    throw new PithError("CORRUPT_FILE", `expected the parameters ${expected}, got ${actual}`, {
      expected,
      actual,
    });
}

/** A row of floats as a tensor. */
export function floatTensor(data: Float32Array): StateTensor {
  const bytes = new Uint8Array(4 * data.length);
  const view = new DataView(bytes.buffer);
  data.forEach((v, i) => {
    view.setFloat32(4 * i, v, true);
  });
  return { dtype: "F32", shape: [data.length], bytes };
}

/** The floats of a tensor that `floatTensor` made, `length` of them. @throws CORRUPT_FILE */
export function readFloatTensor(tensors: CodecState["tensors"], name: string, length: number): Float32Array {
  const { dtype, shape, bytes } = tensors[name] ?? {};
  const fits =
    dtype === "F32" &&
    Array.isArray(shape) &&
    shape.length === 1 &&
    shape[0] === length &&
    bytes instanceof Uint8Array &&
    bytes.length === 4 * length;
  if (!fits)
    throw new PithError("CORRUPT_FILE", `expected the tensor "${name}" as F32 [${length}]`, { name });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
}
