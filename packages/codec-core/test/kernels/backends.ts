/** What the kernel tests share: the backends of this machine, and awkward rows from a fixed seed. */
import { expect } from "vitest";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { loadNative } from "../../src/kernels/native.ts";
import { portable } from "../../src/kernels/portable.ts";
import { loadWasm } from "../../src/kernels/simd128/instance.ts";
import { simd128Kernels } from "../../src/kernels/simd128/kernels.ts";
import type { SplitMix64 } from "../../src/random.ts";

const addon = loadNative();

/** Why the native addon isn't tested; undefined where it is. */
export const skipped: string | undefined = "reason" in addon ? addon.reason : undefined;

/** One for each instruction set of this CPU. */
export const natives: readonly Kernels[] = "isas" in addon ? addon.isas.map((isa) => addon.kernels(isa)) : [];

const wasm = loadWasm();

/** Why WebAssembly SIMD isn't tested; undefined where it is. */
export const simdSkipped: string | undefined = "reason" in wasm ? wasm.reason : undefined;

/** WebAssembly SIMD, for inputs of any size. */
export const simds: readonly Kernels[] = "reason" in wasm ? [] : [simd128Kernels(wasm, 0)];

export const backends: readonly Kernels[] = [portable, ...simds, ...natives];

export function normals(random: SplitMix64, n: number): Float32Array {
  return Float32Array.from({ length: n }, () => random.gaussian());
}

/** Rows among which are zero, repeated, tiny, subnormal, huge, constant and one-hot ones. */
export function awkwardRows(random: SplitMix64, count: number, dim: number): Float32Array {
  const data = normals(random, count * dim);
  for (let row = 0; row < count; row++) {
    const at = row * dim;
    const factor = [0, 1e-30, 1e-38, 1e-44, 1e18, 3e37, 1, 1, 1, 1][random.below(10)];
    const kind = random.below(8);
    if (kind === 0 && row > 0) {
      const from = random.below(row) * dim;
      data.copyWithin(at, from, from + dim);
    } else if (kind === 1) data.fill(factor, at, at + dim);
    else if (kind === 2) {
      data.fill(-0, at, at + dim);
      data[at + random.below(dim)] = -factor;
    } else for (let j = at; j < at + dim; j++) data[j] *= factor;
  }
  return data;
}

/** The bits, all NaN alike: which NaN comes out isn't promised. */
export function bits(data: Float32Array): Uint32Array {
  return new Uint32Array(data.map((v) => (Number.isNaN(v) ? Number.NaN : v)).buffer);
}

/** The same numbers, told apart as `toEqual` does, which is slow and so only called to say where they differ. */
export function expectSame(found: ArrayLike<number>[], wanted: ArrayLike<number>[]): void {
  const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
    return true;
  };
  if (found.length !== wanted.length || !found.every((a, i) => same(a, wanted[i])))
    expect(found).toEqual(wanted);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
