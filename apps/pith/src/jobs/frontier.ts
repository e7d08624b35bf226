/** Which of several settings are worth a look: those that no other one beats in bytes, recall and speed at once. */

export interface Candidate {
  readonly bytesPerVector: number;
  readonly recall: number;
  /** Lower end of the interval of recall. */
  readonly recallLow: number;
  readonly singleQueriesPerSecond: number;
  /** Hits scored again for each wanted one; null for none. */
  readonly oversample: number | null;
}

/** Speeds within this ratio count as equal: they were measured, once. */
export const SPEED_NOISE = 1.1;

/** Whether `a` is nowhere worse than `b`, and better somewhere. */
function dominates(a: Candidate, b: Candidate): boolean {
  const [fast, other] = [a.singleQueriesPerSecond, b.singleQueriesPerSecond];
  const noWorse = a.bytesPerVector <= b.bytesPerVector && a.recall >= b.recall && fast * SPEED_NOISE >= other;
  const better = a.bytesPerVector < b.bytesPerVector || a.recall > b.recall || fast > other * SPEED_NOISE;
  return noWorse && better;
}

/** For each candidate whether no other one dominates it. */
export function frontier(candidates: readonly Candidate[]): boolean[] {
  return candidates.map((b) => !candidates.some((a) => dominates(a, b)));
}

/**
 * The smallest candidate whose interval of recall begins at `wish` or above; of equally small ones that with the fewest hits
 * scored again, then the first: settings come plainest first. Speed has no say: the advice is the same each time.
 */
export function smallestReaching<T extends Candidate>(candidates: readonly T[], wish: number): T | undefined {
  return candidates
    .filter(({ recallLow }) => recallLow >= wish)
    .sort((a, b) => a.bytesPerVector - b.bytesPerVector || (a.oversample ?? 1) - (b.oversample ?? 1))
    .at(0);
}
