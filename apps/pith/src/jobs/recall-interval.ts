/**
 * Recall over a sample of queries, with a 95% interval for what all queries would give. Hits of one query succeed and fail
 * together, so that n queries of k hits tell less than n k independent hits would. With p the mean and v the variance of the
 * queries' shares, the design effect d = max(1, v k / (p (1 - p))) says how many times less: the interval is Wilson's for
 * p at n k / d trials, which unlike p +- 1.96 sigma holds near 1 and where no hit was missed.
 *
 * Sources: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927; Kish, "Survey
 * Sampling", 1965 (the design effect); Dean, Pagano, "Evaluating confidence interval methods for binomial proportions in
 * clustered surveys", Journal of Survey Statistics and Methodology 3, 2015.
 */

/** The 97.5% quantile of the normal distribution. */
const Z = 1.959964;

export interface RecallEstimate {
  /** Mean share of the k nearest that were found. */
  readonly recall: number;
  readonly low: number;
  readonly high: number;
}

/** `shares`: of each query the share, 0 to 1, of its k nearest that were found; one query at least. */
export function estimateRecall(shares: readonly number[], k: number): RecallEstimate {
  const n = shares.length;
  const p = shares.reduce((sum, s) => sum + s, 0) / n;
  const variance = shares.reduce((sum, s) => sum + (s - p) ** 2, 0) / n;
  const independent = (p * (1 - p)) / k;
  // One query alone, and queries that are all alike, say nothing of how hits go together.
  const effect = independent > 0 ? Math.max(1, variance / independent) : 1;
  const trials = (n * k) / effect;
  const centre = (p + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half = (Z / (1 + Z ** 2 / trials)) * Math.sqrt((p * (1 - p)) / trials + Z ** 2 / (4 * trials ** 2));
  return { recall: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
