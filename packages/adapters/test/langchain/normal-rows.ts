/** Rows of independent normal deviates, always the same: a linear congruential generator, and Box and Muller's method. */
export function normalRows(count: number, dim: number): number[][] {
  let state = 7;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: count }, () => Array.from({ length: dim }, normal));
}
