/**
 * Powers of two, exactly. Vectors are brought to a largest element in [1, 2) before the rotation and back after it, so
 * that no butterfly overflows and denormal input keeps its precision; in between the powers of two change no bit.
 */
const view: DataView = new DataView(new ArrayBuffer(8));

/** floor(log2(x)) for x > 0 that is no denormal float64; every positive float32 is none. */
export function exponentOf(x: number): number {
  view.setFloat64(0, x);
  return (view.getUint16(0) >> 4) - 1023;
}

/** 2^e for e from -1022 to 1023. */
export function powerOfTwo(e: number): number {
  view.setFloat64(0, 0);
  view.setUint16(0, (e + 1023) << 4);
  return view.getFloat64(0);
}

/** The largest |x_j|; 0 for no elements. */
export function largest(x: Float32Array): number {
  let max = 0;
  for (let j = 0; j < x.length; j++) {
    const a = Math.abs(x[j]);
    if (a > max) max = a;
  }
  return max;
}
