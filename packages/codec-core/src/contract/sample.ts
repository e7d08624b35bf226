/** What codecs learn of a sample in the same way. */
import { PithError } from "../errors.ts";
import type { Metric } from "./metric.ts";
import { unitRows } from "./scan-scorer.ts";
import { checkVectors, type Vectors } from "./vectors.ts";

/** @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, SAMPLE_TOO_SMALL (fewer rows than `least`) */
export function checkSample(sample: Vectors, dim: number, least: number): void {
  checkVectors(sample, dim);
  if (sample.count < least)
    throw new PithError("SAMPLE_TOO_SMALL", `expected ${least} rows or more, got ${sample.count}`, {
      expected: least,
      actual: sample.count,
    });
}

/** The mean of a sample's rows, of unit length under cosine, summed in float64. */
export function sampleMean({ data, dim, count }: Vectors, metric: Metric): Float32Array {
  const rows = metric === "cosine" ? unitRows(data, dim) : data;
  const sums = new Float64Array(dim);
  for (let i = 0; i < rows.length; i++) sums[i % dim] += rows[i];
  return Float32Array.from(sums, (sum) => sum / count);
}
