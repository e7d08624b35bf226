/** How two vectors are compared. Scores are always "higher is better"; see docs/scores.md. */
export type Metric = "cosine" | "dot" | "l2";

export const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

export function isMetric(value: unknown): value is Metric {
  return METRICS.includes(value as Metric);
}
