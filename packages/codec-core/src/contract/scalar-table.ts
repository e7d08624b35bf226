/**
 * 255 scalars on a logarithmic scale, so that a byte can stand for a row's scalar. Place 0 is the scalar 0, of zero
 * rows alone. The scale spans the scalars of a sample widened by 2 on each side, lo to hi: place i holds
 * f32(lo (hi / lo)^(i / 256)), each the geometric mean of two others, by square roots alone, which are the same
 * everywhere. A scalar is then off by at most half of a step, 0.55% where the sample's largest is 4 times its smallest.
 *
 * Rows whose scalar is a 2^-16 of the largest or less have a length that doesn't matter beside that of the others; they
 * don't stretch the scale.
 */
export const SCALAR_PLACES = 256;

/** Beyond the largest by this factor, small scalars are left out. */
const SPAN: number = 2 ** -16;
const LARGEST: number = (2 - 2 ** -23) * 2 ** 127;
/** The smallest float32 of full precision: below, places would coincide. */
const SMALLEST_NORMAL: number = 2 ** -126;

/** `scalars`: from 0; zeros are those of zero rows. */
export function scalarTable(scalars: Float32Array): Float32Array {
  const largest = scalars.reduce((max, s) => Math.max(max, s), 0);
  let smallest = largest;
  for (const s of scalars) if (s > largest * SPAN) smallest = Math.min(smallest, s);
  // A sample of zeros says nothing; any scale will do.
  let [lo, hi] = largest === 0 ? [0.5, 2] : [smallest / 2, largest * 2];
  hi = Math.min(Math.max(hi, 4 * SMALLEST_NORMAL), LARGEST);
  lo = Math.min(Math.max(lo, SMALLEST_NORMAL), hi / 4);
  const scale = new Float64Array(SCALAR_PLACES + 1);
  scale[0] = lo;
  scale[SCALAR_PLACES] = hi;
  for (let step = SCALAR_PLACES; step > 1; step /= 2)
    for (let i = 0; i < SCALAR_PLACES; i += step) scale[i + step / 2] = Math.sqrt(scale[i] * scale[i + step]);
  const table = Float32Array.from(scale.subarray(0, SCALAR_PLACES));
  table[0] = 0;
  return table;
}

/** Whether this is a table that rows can be stored with: 256 floats, 0, then ascending, positive and finite ones. */
export function isScalarTable(table: Float32Array): boolean {
  return (
    table.length === SCALAR_PLACES &&
    Object.is(table[0], 0) &&
    table.every((s, i) => i === 0 || (s > table[i - 1] && s < Infinity))
  );
}
