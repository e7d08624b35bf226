/** Index of the first NaN or infinity in `data`, -1 where there is none. */
export function firstNonFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) < Infinity)) return i;
  return -1;
}
