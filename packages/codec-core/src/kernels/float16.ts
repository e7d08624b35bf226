/**
 * IEEE 754 binary16 by bit arithmetic, for engines without Float16Array. Narrowing rounds half to even; from 65,520
 * on it gives an infinity, below 2^-14 subnormals. A NaN keeps its sign and the top of its payload and becomes
 * quiet in both directions, as the F16C instructions do.
 */

/** float32 to float16 bits. `out` is as long as `data`. */
export function toFloat16(data: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) out[i] = narrow(bits[i]);
}

/** float16 bits to float32, exact. `out` is as long as `bits`. */
export function fromFloat16(bits: Uint16Array, out: Float32Array): void {
  const wide = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) wide[i] = widen(bits[i]);
}

function narrow(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const abs = bits & 0x7fffffff;
  if (abs > 0x7f800000) return sign | 0x7e00 | ((abs >>> 13) & 0x3ff);
  // 65,520 is half way between 65,504, the largest float16, and 65,536.
  if (abs >= 0x477ff000) return sign | 0x7c00;
  // Adding just under half a unit, or half where the kept part is odd, makes the shift round half to even.
  if (abs >= 0x38800000) return sign | ((abs + 0xfff + ((abs >>> 13) & 1) - 0x38000000) >>> 13);
  const exponent = abs >>> 23;
  if (exponent < 102) return sign; // below 2^-25, half of the smallest subnormal
  const mantissa = (abs & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  return sign | ((mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1)) >>> shift);
}

function widen(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (mantissa === 0 ? 0 : 0x400000 | (mantissa << 13));
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // A subnormal: mantissa * 2^-24, with its leading bit moved up to where float32 leaves it out.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}
