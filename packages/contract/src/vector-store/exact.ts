/** The oracle: scores in float64 of the vectors as they were given, and what hits may be by a store's own words. */
import type { Metric } from "@pith/codec-core";
import type { Assert } from "../assert.ts";
import type { SearchSupports } from "./point-store.ts";

type Row = ArrayLike<number>;

/** Rounding of float32 sums of a few hundred terms, as a share of `scoreScale`. */
const ROUNDING = 1e-5;

function dot(a: Row, b: Row): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Higher is better; a zero vector has cosine 0 with every other. */
export function exactScore(metric: Metric, q: Row, x: Row): number {
  if (metric === "dot") return dot(q, x);
  if (metric === "l2") return -(dot(q, q) - 2 * dot(q, x) + dot(x, x));
  const lengths = Math.sqrt(dot(q, q) * dot(x, x));
  return lengths === 0 ? 0 : dot(q, x) / lengths;
}

/** The unit of a score's error. */
function scoreScale(metric: Metric, q: Row, x: Row): number {
  const [a, b] = [Math.sqrt(dot(q, q)), Math.sqrt(dot(x, x))];
  if (metric === "cosine") return 1;
  return metric === "dot" ? a * b : (a + b) ** 2;
}

export interface Hit {
  readonly id: string;
  /** Higher is better; left out where a store gives none, or none on this scale. */
  readonly score?: number;
}

/** Whether `found` are the min(k, rows) best of `rows` by id, each once, best first, as far as `supports` promises. */
export function checkHits(
  t: Assert,
  supports: SearchSupports,
  rows: ReadonlyMap<string, Row>,
  query: Row,
  k: number,
  found: readonly Hit[],
  what: string,
): void {
  t.equal(found.length, Math.min(k, rows.size), `${what}, number of hits`);
  t.equal(new Set(found.map(({ id }) => id)).size, found.length, `${what}, different ids among the hits`);
  for (const { id } of found) if (!rows.has(id)) t.fail(`${what}: ${JSON.stringify(id)} was found`);
  for (let i = 1; i < found.length; i++)
    if (!(found[i].score === undefined || found[i].score! <= found[i - 1].score!))
      t.fail(`${what}: hit ${i} scores ${found[i].score}, the one before it ${found[i - 1].score}`);
  const { metric, scoreError, exact } = supports;
  if (!Number.isFinite(scoreError)) return;
  const allowed = (x: Row): number => (scoreError + ROUNDING) * scoreScale(metric, query, x);
  const widest = Math.max(0, ...Array.from(rows.values(), allowed));
  const best = Array.from(rows.values(), (x) => exactScore(metric, query, x)).sort((a, b) => b - a);
  found.forEach(({ id, score }, i) => {
    const x = rows.get(id)!;
    const real = exactScore(metric, query, x);
    if (score !== undefined) t.near([score], [real], allowed(x), `${what}, score of hit ${i}`);
    if (exact && real < best[i] - 2 * widest)
      t.fail(`${what}: hit ${i} scores ${real} exactly, but another ${best[i]}`, best[i], real);
  });
}
