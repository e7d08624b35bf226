/** Scores and distances in float64, straight from their definitions: what codecs are measured against. */
import type { Metric } from "@pith/codec-core";

type Numbers = ArrayLike<number>;

export function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

export function norm(a: Numbers): number {
  return Math.sqrt(dot(a, a));
}

export function distance(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] - b[j]) ** 2;
  return Math.sqrt(sum);
}

/** Divided by its norm; zero stays zero. */
export function unit(a: Numbers): Float64Array {
  const length = norm(a);
  return Float64Array.from(a, (x) => (length === 0 ? 0 : x / length));
}

export function exactScore(metric: Metric, query: Numbers, row: Numbers): number {
  if (metric === "dot") return dot(query, row);
  if (metric === "l2") return -(distance(query, row) ** 2);
  return dot(unit(query), unit(row));
}

/** What "1e-6 |q||x|" means for each metric: cosine sees unit vectors; l2 is a sum of |q|^2, |x|^2 and 2 q.x. */
export function scoreTolerance(metric: Metric, query: Numbers, row: Numbers): number {
  if (metric === "cosine") return 1e-6;
  const [q, x] = [norm(query), norm(row)];
  return 1e-6 * (metric === "dot" ? q * x : (q + x) ** 2);
}
