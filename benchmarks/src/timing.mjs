/** Rates: a pass is repeated until `seconds` are over and at least thrice; the median pass counts. */

/** Things done a second by `pass`, which does `things` of them and may give a promise. A first pass isn't counted. */
export async function rate(pass, things, seconds) {
  await pass();
  const rates = [];
  const begin = process.hrtime.bigint();
  while (rates.length < 3 || Number(process.hrtime.bigint() - begin) < seconds * 1e9)
    rates.push(await rateOnce(pass, things));
  return median(rates);
}

/** As `rate` for a pass that is too long, or too much bound to a fresh start, to be repeated. */
export async function rateOnce(pass, things) {
  const start = process.hrtime.bigint();
  await pass();
  return (things * 1e9) / Number(process.hrtime.bigint() - start);
}

/** The median of numbers; null where one isn't there. */
export function median(numbers) {
  if (numbers.length === 0 || numbers.some((n) => n === null || n === undefined)) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
