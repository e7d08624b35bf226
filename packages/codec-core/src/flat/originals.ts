/** Original vectors kept beside the codes for rescoring, as float32 or float16. */
import type { Hits } from "../contract/hits.ts";
import type { Metric } from "../contract/metric.ts";
import type { Vectors } from "../contract/vectors.ts";
import { PithError, shown } from "../errors.ts";
import { FLOAT_BYTES, type FloatDtype, rowsFromBytes, rowsToBytes } from "../format/float-rows.ts";
import type { FloatRows } from "../kernels/kernels.ts";
import type { KeptStore } from "./kept-store.ts";
import { rescoreHits } from "./rescore.ts";
import { RowStore } from "./row-store.ts";

export type Keep = "none" | "f16" | "f32";

export const KEEPS: readonly Keep[] = ["none", "f16", "f32"];

/** @throws INVALID_ARGUMENT */
export function checkKeep(keep: unknown): Keep {
  if (KEEPS.includes(keep as Keep)) return keep as Keep;
  throw new PithError("INVALID_ARGUMENT", `expected keep as ${KEEPS.join(" or ")}, got ${shown(keep)}`, {
    expected: KEEPS,
    actual: keep,
  });
}

/** The dtype that stands in a file; undefined where nothing is kept. */
export function keepDtype(keep: Keep): FloatDtype | undefined {
  return keep === "none" ? undefined : keep === "f16" ? "F16" : "F32";
}

export class Originals {
  readonly dtype: FloatDtype;
  readonly dim: number;
  readonly metric: Metric;
  readonly rows: KeptStore;

  constructor(dtype: FloatDtype, dim: number, metric: Metric, rows?: KeptStore) {
    this.dtype = dtype;
    this.dim = dim;
    this.metric = metric;
    this.rows = rows ?? new RowStore(dim * FLOAT_BYTES[dtype]);
  }

  /** As this, over other rows. */
  over(rows: KeptStore): Originals {
    return new Originals(this.dtype, this.dim, this.metric, rows);
  }

  /** @throws INVALID_ARGUMENT where a value is beyond float16 */
  pack(v: Vectors): Uint8Array {
    return rowsToBytes(v, this.dtype);
  }

  /** One row as float32, in a new array. */
  get(slot: number): Float32Array {
    return rowsFromBytes(this.rows.row(slot), this.dtype, this.dim).data.slice();
  }

  /** Hits scored again, best first, cut to k. */
  rescore(query: Float32Array, hits: Hits, k: number): Hits {
    return rescoreHits(this.metric, query, hits, this.#gather(hits.slots), k);
  }

  /** Rows as the kernels take them, copied together. */
  #gather(slots: ArrayLike<number>): FloatRows {
    const { buffer } = this.rows.gather(slots);
    return this.dtype === "F32" ? new Float32Array(buffer) : new Uint16Array(buffer);
  }
}
