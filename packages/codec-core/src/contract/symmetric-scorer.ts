/** A SymmetricScorer over one kernel: the checks that are the same for every codec. */
import type { SymmetricScorer } from "./codec.ts";
import { type Codes, checkCodes, checkOutput } from "./codes.ts";
import type { Metric } from "./metric.ts";

/** `scores`: score of one code with each of many, into `out`; sees codes that were checked. */
export function symmetricScorer(
  codec: { readonly stride: number },
  metric: Metric,
  scores: (query: Codes, c: Codes, out: Float32Array) => void,
): SymmetricScorer {
  return {
    metric,
    scoreInto(query, c, out) {
      checkCodes(query, codec.stride);
      checkOutput(query.count, 1, "codes of the query");
      checkCodes(c, codec.stride);
      checkOutput(out.length, c.count, "scores");
      if (c.count > 0) scores(query, c, out);
    },
  };
}
