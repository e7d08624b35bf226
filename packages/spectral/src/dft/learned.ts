/**
 * What a codec holds beside its options, as tensors of its state. `levels` F32 [2^magBits], always where magnitudes have
 * bits: files then don't depend on how an engine computes logarithms. From a sample also `mean` F32 [dim] and `scalar` F32
 * [256], the scalars that a byte stands for.
 */
import {
  type CodecState,
  floatTensor,
  isScalarTable,
  PithError,
  readFloatTensor,
  SCALAR_PLACES,
} from "@pith/codec-core";
import { areLevels } from "./levels.ts";

export interface Learned {
  readonly levels: Float32Array;
  /** Of unit rows under cosine; none without a sample. */
  readonly mean: Float32Array;
  /** None without a sample. */
  readonly table: Float32Array;
}

export function isTrained({ table }: Learned): boolean {
  return table.length > 0;
}

export function tensorsOf(learned: Learned): CodecState["tensors"] {
  const { levels, mean, table } = learned;
  return {
    ...(levels.length > 1 ? { levels: floatTensor(levels) } : {}),
    ...(isTrained(learned) ? { mean: floatTensor(mean), scalar: floatTensor(table) } : {}),
  };
}

/** @throws CORRUPT_FILE */
export function readLearned({ dim, tensors }: CodecState, magBits: number): Learned {
  const names = Object.keys(tensors).sort();
  const own = magBits > 0 ? ["levels"] : [];
  const trained = [...own, "mean", "scalar"];
  const found = names.join();
  if (found !== own.join() && found !== trained.join())
    throw new PithError("CORRUPT_FILE", `expected the tensors [${trained}] or [${own}], got [${names}]`, {
      expected: trained,
      actual: names,
    });
  const levels = magBits > 0 ? readFloatTensor(tensors, "levels", 2 ** magBits) : Float32Array.of(1);
  if (!areLevels(levels))
    throw new PithError("CORRUPT_FILE", "expected levels that ascend, from 2^-40 to 2^40");
  const none = new Float32Array(0);
  if (found === own.join()) return { levels, mean: none, table: none };
  const mean = readFloatTensor(tensors, "mean", dim);
  if (!mean.every(Number.isFinite)) throw new PithError("CORRUPT_FILE", "expected a finite mean");
  const table = readFloatTensor(tensors, "scalar", SCALAR_PLACES);
  if (!isScalarTable(table))
    throw new PithError("CORRUPT_FILE", "expected scalars that are 0, then ascending, positive and finite");
  return { levels, mean, table };
}
