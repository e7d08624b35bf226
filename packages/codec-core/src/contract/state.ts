import type { Dtype } from "../format/dtype.ts";
import type { CanonicalValue } from "./canonical-json.ts";

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
