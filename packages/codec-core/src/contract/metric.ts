import { PithError, shown } from "../errors.ts";

/** How two vectors are compared. Scores are always "higher is better"; see docs/scores.md. */
export type Metric = "cosine" | "dot" | "l2";

export const METRICS: readonly Metric[] = ["cosine", "dot", "l2"];

/** @throws UNSUPPORTED_METRIC unless `metric` is one of `allowed` */
export function checkMetric(metric: unknown, allowed: readonly Metric[] = METRICS): Metric {
  if (allowed.includes(metric as Metric)) return metric as Metric;
  throw new PithError(
    "UNSUPPORTED_METRIC",
    `expected the metric ${allowed.join(" or ")}, got ${shown(metric)}`,
    {
      expected: allowed,
      actual: metric,
    },
  );
}

export function isMetric(value: unknown): value is Metric {
  return METRICS.includes(value as Metric);
}
