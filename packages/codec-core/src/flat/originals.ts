/** Original vectors kept beside the codes for rescoring, as float32 or float16. */
import type { Hits } from "../contract/hits.ts";
import type { Metric } from "../contract/metric.ts";
import type { NamedRows } from "../contract/near.ts";
import { topKOf, unitRows } from "../contract/scan-scorer.ts";
import type { Vectors } from "../contract/vectors.ts";
import { PithError, shown } from "../errors.ts";
import { FLOAT_BYTES, type FloatDtype, rowsFromBytes, rowsToBytes } from "../format/float-rows.ts";
import { kernels } from "../kernels/backend.ts";
import type { FloatRows } from "../kernels/kernels.ts";
import type { KeptStore } from "./kept-store.ts";
import { eachBest } from "./rescore.ts";
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

  /** The k best of the rows that each query names, scored again, best first. */
  rescore(queries: Vectors, named: NamedRows, k: number): Hits[] {
    const { metric, dim } = this;
    const q = metric === "cosine" ? unitRows(queries.data, dim) : queries.data;
    const asked = { ...queries, data: q };
    const { floatTopKAmong, floatScores } = kernels();
    const whole = this.rows.whole && this.#floats(this.rows.whole);
    if (whole && floatTopKAmong && named.slots.length > 0)
      return topKOf(queries.count, Math.min(k, named.width), (hits, out) =>
        floatTopKAmong(metric, q, whole, dim, named.slots, hits, out),
      );
    return eachBest(asked, named, k, (query, slots, scores) =>
      floatScores(metric, query, this.#floats(this.rows.gather(slots))!, dim, scores),
    );
  }

  /** Rows as the kernels take them; undefined where they don't stand on a whole element's boundary. */
  #floats({ buffer, byteOffset, length }: Uint8Array): FloatRows | undefined {
    if (byteOffset % FLOAT_BYTES[this.dtype] !== 0) return undefined;
    const count = length / FLOAT_BYTES[this.dtype];
    return this.dtype === "F32"
      ? new Float32Array(buffer, byteOffset, count)
      : new Uint16Array(buffer, byteOffset, count);
  }
}
