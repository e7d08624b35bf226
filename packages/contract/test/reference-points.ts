/** A store of points as a map: exact, or over rows rounded to `step`, as a lossy codec would have them. */
import { type Metric, PithError, type Vectors } from "@pith/codec-core";
import type { Point, PointMatch, PointPayload, PointStore } from "../src/index.ts";

interface Held {
  readonly row: Float32Array;
  readonly payload: PointPayload;
}

export class MapPoints implements PointStore {
  readonly held: Map<string, Held> = new Map();
  readonly dim: number;
  readonly metric: Metric;

  constructor(dim: number, metric: Metric = "cosine") {
    this.dim = dim;
    this.metric = metric;
  }

  async add(ids: readonly string[], v: Vectors, payloads: readonly PointPayload[]): Promise<void> {
    this.check(ids, v);
    ids.forEach((id, i) => {
      this.held.set(id, {
        row: this.keep(v.data.slice(i * v.dim, (i + 1) * v.dim)),
        payload: structuredClone(payloads[i]),
      });
    });
  }

  async search(query: Float32Array, k: number): Promise<PointMatch[]> {
    this.check([""], { data: query, dim: query.length, count: 1 });
    return [...this.held]
      .map(([id, { row, payload }]) => ({
        id,
        payload: structuredClone(payload),
        score: this.score(query, row),
      }))
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
  }

  async delete(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.held.delete(id);
  }

  async count(): Promise<number> {
    return this.held.size;
  }

  async getByIds(ids: readonly string[]): Promise<Point[]> {
    return ids.flatMap((id) => {
      const held = this.held.get(id);
      return held ? [{ id, payload: structuredClone(held.payload) }] : [];
    });
  }

  protected keep(row: Float32Array): Float32Array {
    return row;
  }

  protected score(q: Float32Array, x: Float32Array): number {
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, y, i) => sum + y * b[i], 0);
    if (this.metric === "dot") return dot(q, x);
    if (this.metric === "l2") return -q.reduce((sum, y, i) => sum + (y - x[i]) ** 2, 0);
    return dot(q, x) / (Math.sqrt(dot(q, q) * dot(x, x)) || 1);
  }

  protected check(ids: readonly string[], v: Vectors): void {
    if (v.dim !== this.dim && v.count > 0) throw new PithError("DIM_MISMATCH", "another dim");
    if (ids.length !== v.count) throw new PithError("ID_COUNT_MISMATCH", "not an id for each row");
    if (new Set(ids).size !== ids.length) throw new PithError("DUPLICATE_ID", "an id twice");
    if (!v.data.every(Number.isFinite)) throw new PithError("NOT_FINITE", "not a number");
  }
}

/** Keeps rows rounded to 1/64 of their largest coordinate: cosines are off by up to some hundredths. */
export class RoundedPoints extends MapPoints {
  protected override keep(row: Float32Array): Float32Array {
    const step = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 64 || 1;
    return row.map((x) => Math.round(x / step) * step);
  }
}
