/**
 * Loads the native addon and wraps it as `Kernels`. Never throws: where the addon can't load, everything works on
 * TypeScript and `pith doctor` prints the reason.
 *
 * The addon gives what was wrong with an argument as data, and a panic as an error of its own; both become a
 * PithError here and nowhere else.
 */
import type { Metric } from "../contract/metric.ts";
import { type ErrorCode, PithError } from "../errors.ts";
import type { Isa, Kernels } from "./kernels.ts";
import { portable } from "./portable.ts";

export type Native =
  | {
      /** Instruction sets of this CPU that the kernels use, the slowest first. */
      readonly isas: readonly Isa[];
      /** CPU features that were found, for reports. */
      readonly features: readonly string[];
      kernels(isa: Isa): Kernels;
    }
  | { readonly reason: string };

let loaded: Native | undefined;

/** The addon, or why there is none. Looked for once. */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  // Not an import: this file loads in browsers too.
  const process = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  const module = process?.getBuiltinModule?.("node:module") as typeof import("node:module") | undefined;
  if (!module) return { reason: "no Node.js modules here" };
  try {
    const addon: Addon = module.createRequire(import.meta.url)("../../binding.cjs");
    return { isas: addon.isas(), features: addon.cpuFeatures(), kernels: (isa) => wrap(addon, isa) };
  } catch (error) {
    return { reason: explain(error) };
  }
}

/**
 * One line. The generated loader tries several places and chains what went wrong in each by `cause`: a library that
 * is there but doesn't load says more than those that are missing.
 */
function explain(error: unknown): string {
  const lines: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) lines.push(e.message.split("\n")[0]);
  if (lines[0]?.includes("binding.cjs")) return "not built: no binding.cjs";
  const missing = (line: string): boolean => line.startsWith("Cannot find");
  return lines.findLast((line) => !missing(line)) ?? "no native library for this platform";
}

/** The functions of native/node; the first argument is the instruction set's place in `isas()`. */
interface Addon {
  isas(): Isa[];
  cpuFeatures(): string[];
  crc32c(at: number, bytes: Uint8Array, crc: number): number;
  firstNonFinite(at: number, data: Float32Array): number;
  toFloat16(at: number, data: Float32Array, out: Uint16Array): Outcome;
  fromFloat16(at: number, bits: Uint16Array, out: Float32Array): Outcome;
  norms(at: number, data: Float32Array, dim: number, out: Float32Array): Outcome;
  unitRows(at: number, data: Float32Array, dim: number, out: Float32Array): Outcome;
  floatScores: Scores<Float32Array>;
  halfScores: Scores<Uint16Array>;
  int8Scores: Scores<Uint8Array>;
  floatTopK: TopKKernel<Float32Array>;
  halfTopK: TopKKernel<Uint16Array>;
  int8TopK: TopKKernel<Uint8Array>;
  int8Encode(at: number, data: Float32Array, dim: number, unit: boolean, out: Uint8Array): Outcome;
  int8Decode(at: number, codes: Uint8Array, dim: number, out: Float32Array): Outcome;
}

type Scores<Rows> = (
  at: number,
  metric: number,
  query: Float32Array,
  rows: Rows,
  dim: number,
  out: Float32Array,
) => Outcome;

type TopKKernel<Rows> = (
  at: number,
  metric: number,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
) => Outcome;

type Outcome = {
  readonly code: ErrorCode;
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
} | null;

/** Metrics by the numbers that the addon knows. */
const METRIC: Record<Metric, number> = { cosine: 0, dot: 1, l2: 2 };

/** Below this many elements crossing into the addon costs more than the work; the bits are the same. */
const SMALL = 256;

function wrap(addon: Addon, isa: Isa): Kernels {
  const at = addon.isas().indexOf(isa);
  return {
    backend: "native",
    isa,
    crc32c: (bytes, crc) =>
      bytes.length < SMALL ? portable.crc32c(bytes, crc) : guard(() => addon.crc32c(at, bytes, crc)),
    firstNonFinite: (data) =>
      data.length < SMALL ? portable.firstNonFinite(data) : guard(() => addon.firstNonFinite(at, data)),
    toFloat16: (data, out) => check(() => addon.toFloat16(at, data, out)),
    fromFloat16: (bits, out) => check(() => addon.fromFloat16(at, bits, out)),
    norms: (data, dim, out) => check(() => addon.norms(at, data, dim, out)),
    unitRows: (data, dim, out) => check(() => addon.unitRows(at, data, dim, out)),
    floatScores: (metric, query, rows, dim, out) =>
      check(() =>
        rows instanceof Uint16Array
          ? addon.halfScores(at, METRIC[metric], query, rows, dim, out)
          : addon.floatScores(at, METRIC[metric], query, rows, dim, out),
      ),
    floatTopK: (metric, queries, rows, dim, k, allow, { slots, scores }) =>
      check(() =>
        rows instanceof Uint16Array
          ? addon.halfTopK(at, METRIC[metric], queries, rows, dim, k, allow, slots, scores)
          : addon.floatTopK(at, METRIC[metric], queries, rows, dim, k, allow, slots, scores),
      ),
    int8Encode: (data, dim, unit, out) => check(() => addon.int8Encode(at, data, dim, unit, out)),
    int8Decode: (codes, dim, out) => check(() => addon.int8Decode(at, codes, dim, out)),
    int8Scores: (metric, query, codes, dim, out) =>
      check(() => addon.int8Scores(at, METRIC[metric], query, codes, dim, out)),
    int8TopK: (metric, queries, codes, dim, k, allow, { slots, scores }) =>
      check(() => addon.int8TopK(at, METRIC[metric], queries, codes, dim, k, allow, slots, scores)),
  };
}

function check(call: () => Outcome): void {
  const fault = guard(call);
  if (fault === null) return;
  const { code, what, expected, actual } = fault;
  throw new PithError(code, `${what}: expected ${expected}, got ${actual}`, { what, expected, actual });
}

/** A panic in Rust, or an argument that isn't of the type that the addon takes. */
function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new PithError("INTERNAL", `the native core failed: ${(cause as Error).message}`, {}, { cause });
  }
}
