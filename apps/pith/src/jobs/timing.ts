/**
 * Seconds of the fastest run after one untimed: at least three runs, for at least so many seconds. Where the first run alone
 * takes longer than `patience` seconds, it is the figure.
 */
export function fastest(work: () => void, least: number, patience: number = Infinity): number {
  const seconds = (): number => {
    const before = performance.now();
    work();
    return Math.max((performance.now() - before) / 1000, 1e-9);
  };
  const first = seconds();
  if (first > patience) return first;
  let best = Infinity;
  const start = performance.now();
  for (let runs = 0; runs < 3 || performance.now() - start < least * 1000; runs++)
    best = Math.min(best, seconds());
  return best;
}
