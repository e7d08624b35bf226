/**
 * What a codec did to the vectors themselves: cosine between original and decoded vector, and mean absolute error.
 * Rows are added block by block. Two zero vectors have cosine 1 here (nothing was lost), one zero vector 0.
 */
import { unitRows } from "../contract/scan-scorer.ts";
import type { Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";

export interface ReconstructionQuality {
  readonly count: number;
  /** Mean and worst cosine between original and decoded vectors; NaN for no rows. */
  readonly meanCosine: number;
  readonly minCosine: number;
  /** Mean of |original - decoded| over all elements; both normalised where `unit` was asked for. */
  readonly meanAbsoluteError: number;
}

export class ReconstructionMeter {
  readonly #unit: boolean;
  #count = 0;
  #elements = 0;
  #cosines = 0;
  #worst = Infinity;
  #absolute = 0;

  /** `unit`: the codec keeps directions alone (cosine), so lengths don't count as error. */
  constructor(unit: boolean) {
    this.#unit = unit;
  }

  /** @throws LENGTH_MISMATCH */
  add(original: Vectors, decoded: Vectors): void {
    const { dim } = original;
    if (decoded.dim !== dim || decoded.data.length !== original.data.length)
      throw new PithError("LENGTH_MISMATCH", "expected as many decoded floats as originals", {
        expected: original.data.length,
        actual: decoded.data.length,
      });
    const a = this.#unit ? unitRows(original.data, dim) : original.data;
    const b = decoded.data;
    for (let start = 0; start < a.length; start += dim) {
      let [dot, aa, bb] = [0, 0, 0];
      for (let j = start; j < start + dim; j++) {
        dot += a[j] * b[j];
        aa += a[j] * a[j];
        bb += b[j] * b[j];
        this.#absolute += Math.abs(a[j] - b[j]);
      }
      const cosine =
        aa === 0 && bb === 0 ? 1 : aa === 0 || bb === 0 ? 0 : dot / (Math.sqrt(aa) * Math.sqrt(bb));
      this.#cosines += cosine;
      this.#worst = Math.min(this.#worst, cosine);
    }
    this.#count += original.count;
    this.#elements += a.length;
  }

  result(): ReconstructionQuality {
    return {
      count: this.#count,
      meanCosine: this.#cosines / this.#count,
      minCosine: this.#count === 0 ? Number.NaN : this.#worst,
      meanAbsoluteError: this.#absolute / this.#elements,
    };
  }
}
