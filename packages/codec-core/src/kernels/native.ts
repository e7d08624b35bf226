/**
 * Loads the native addon and wraps it as `Kernels`. Never throws: where the addon can't load, everything works on
 * TypeScript and `pith doctor` prints the reason.
 *
 * The addon gives what was wrong with an argument as data, and a panic as an error of its own; both become a
 * PithError here and nowhere else.
 */
import { PithError } from "../errors.ts";
import type { Isa, Kernels } from "./kernels.ts";
import { type Addon, METRIC, type Outcome } from "./native-addon.ts";
import { asyncKernels } from "./native-async.ts";
import { dftParts } from "./native-dft.ts";
import { faultError } from "./native-job.ts";
import { kltParts, nearParts } from "./native-klt.ts";
import { turboParts } from "./native-turbo.ts";
import { portable } from "./portable.ts";
import { threads } from "./threads.ts";

export type Native =
  | {
      /** Instruction sets of this CPU that the kernels use, the slowest first. */
      readonly isas: readonly Isa[];
      /** CPU features that were found, for reports. */
      readonly features: readonly string[];
      /** Threads that this process may run at once. */
      readonly parallelism: number;
      kernels(isa: Isa): Kernels;
      /** The first `length` bytes of an open file, mapped. @throws Error where the system refuses */
      mapFile(fd: number, length: number): ArrayBuffer;
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
    return {
      isas: addon.isas(),
      features: addon.cpuFeatures(),
      parallelism: addon.parallelism(),
      kernels: (isa) => wrap(addon, isa),
      mapFile: (fd, length) => addon.mapFile(fd, length),
    };
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

/** Below this many elements crossing into the addon costs more than the work; the bits are the same. */
const SMALL = 256;

function wrap(addon: Addon, isa: Isa): Kernels {
  const at = addon.isas().indexOf(isa);
  return {
    backend: "native",
    isa,
    async: asyncKernels(addon, at),
    largePages: (bytes) => guard(() => addon.largePages(bytes)),
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
          ? addon.halfScores(threads().sync, at, METRIC[metric], query, rows, dim, out)
          : addon.floatScores(threads().sync, at, METRIC[metric], query, rows, dim, out),
      ),
    floatTopK: (metric, queries, rows, dim, k, allow, { slots, scores }) =>
      check(() =>
        rows instanceof Uint16Array
          ? addon.halfTopK(threads().sync, at, METRIC[metric], queries, rows, dim, k, allow, slots, scores)
          : addon.floatTopK(threads().sync, at, METRIC[metric], queries, rows, dim, k, allow, slots, scores),
      ),
    floatTopKAmong: (metric, queries, rows, dim, named, k, { slots, scores }) =>
      check(() =>
        rows instanceof Uint16Array
          ? addon.halfTopKAmong(at, METRIC[metric], queries, rows, dim, named, k, slots, scores)
          : addon.floatTopKAmong(at, METRIC[metric], queries, rows, dim, named, k, slots, scores),
      ),
    int8TopKAmong: (metric, queries, codes, dim, named, k, { slots, scores }) =>
      check(() => addon.int8TopKAmong(at, METRIC[metric], queries, codes, dim, named, k, slots, scores)),
    gatherRows: (rows, stride, slots, out) => check(() => addon.gatherRows(at, rows, stride, slots, out)),
    int8Encode: (data, dim, unit, out) =>
      check(() => addon.int8Encode(threads().sync, at, data, dim, unit, out)),
    int8EncodeFinite: (data, dim, unit, out) =>
      notFiniteAt(() => addon.int8EncodeFinite(threads().sync, at, data, dim, unit, out)),
    int8Decode: (codes, dim, out) => check(() => addon.int8Decode(threads().sync, at, codes, dim, out)),
    int8Scores: (metric, query, codes, dim, out) =>
      check(() => addon.int8Scores(threads().sync, at, METRIC[metric], query, codes, dim, out)),
    int8TopK: (metric, queries, codes, dim, k, allow, { slots, scores }) =>
      check(() =>
        addon.int8TopK(threads().sync, at, METRIC[metric], queries, codes, dim, k, allow, slots, scores),
      ),
    hadamard: (data, dim, signs, inverse, out) =>
      check(() => addon.hadamard(at, data, dim, signs, inverse, out)),
    int8GroupedEncode: (data, dim, group, unit, leastSquares, out) =>
      check(() => addon.int8GroupedEncode(at, data, dim, group, unit, leastSquares, out)),
    int8GroupedDecode: (codes, dim, group, out) =>
      check(() => addon.int8GroupedDecode(at, codes, dim, group, out)),
    int8GroupedScores: (metric, query, codes, dim, group, out) =>
      check(() => addon.int8GroupedScores(at, METRIC[metric], query, codes, dim, group, out)),
    int8GroupedTopK: (metric, queries, codes, dim, group, k, allow, { slots, scores }) =>
      check(() =>
        addon.int8GroupedTopK(at, METRIC[metric], queries, codes, dim, group, k, allow, slots, scores),
      ),
    int8Symmetric: (metric, query, codes, dim, group, out) =>
      check(() => addon.int8Symmetric(at, METRIC[metric], query, codes, dim, group, out)),
    binaryEncode: (metric, data, dim, out) =>
      check(() => addon.binaryEncode(at, METRIC[metric], data, dim, out)),
    binaryDecode: (codes, dim, out) => check(() => addon.binaryDecode(at, codes, dim, out)),
    binaryScores: (metric, query, codes, dim, out) =>
      check(() => addon.binaryScores(at, METRIC[metric], query, codes, dim, out)),
    binaryTopK: (metric, queries, codes, dim, k, allow, { slots, scores }) =>
      check(() => addon.binaryTopK(at, METRIC[metric], queries, codes, dim, k, allow, slots, scores)),
    binarySymmetric: (metric, query, codes, dim, out) =>
      check(() => addon.binarySymmetric(at, METRIC[metric], query, codes, dim, out)),
    covariance: (data, dim, mean, out) =>
      check(() => addon.covariance(threads().sync, at, data, dim, mean, out)),
    symmetricEigen: (matrix, n) => {
      const values = new Float64Array(n);
      const vectors = new Float64Array(n * n);
      check(() => addon.symmetricEigen(threads().sync, at, matrix, n, values, vectors));
      return { values, vectors };
    },
    turboEncode: (layout, data, out) =>
      check(() => addon.turboEncode(threads().sync, at, ...turboParts(layout), data, out)),
    turboDecode: (layout, codes, out) =>
      check(() => addon.turboDecode(threads().sync, at, ...turboParts(layout), codes, out)),
    turboQueries: (layout, queries, out) =>
      check(() => addon.turboQueries(at, ...turboParts(layout), queries, out)),
    turboScores: (layout, query, codes, out) =>
      check(() => addon.turboScores(threads().sync, at, ...turboParts(layout), query, codes, out)),
    turboTopK: (layout, queries, codes, k, allow, { slots, scores }) =>
      check(() =>
        addon.turboTopK(threads().sync, at, ...turboParts(layout), queries, codes, k, allow, slots, scores),
      ),
    dftSpectra: (data, dim, out) => check(() => addon.dftSpectra(at, data, dim, out)),
    dftEncode: (layout, data, out) =>
      check(() => addon.dftEncode(threads().sync, at, ...dftParts(layout), data, out)),
    dftDecode: (layout, codes, out) =>
      check(() => addon.dftDecode(threads().sync, at, ...dftParts(layout), codes, out)),
    dftQueries: (layout, queries, out) =>
      check(() => addon.dftQueries(at, ...dftParts(layout), queries, out)),
    dftScores: (layout, query, codes, out) =>
      check(() => addon.dftScores(at, ...dftParts(layout), query, codes, out)),
    dftTopK: (layout, queries, codes, k, allow, { slots, scores }) =>
      check(() =>
        addon.dftTopK(threads().sync, at, ...dftParts(layout), queries, codes, k, allow, slots, scores),
      ),
    kltEncode: (layout, data, out) =>
      check(() => addon.kltEncode(threads().sync, at, ...kltParts(layout), data, out)),
    kltDecode: (layout, codes, out) =>
      check(() => addon.kltDecode(threads().sync, at, ...kltParts(layout), codes, out)),
    kltQueries: (layout, queries, out) =>
      check(() => addon.kltQueries(at, ...kltParts(layout), queries, out)),
    kltScores: (layout, query, codes, out) =>
      check(() => addon.kltScores(threads().sync, at, ...kltParts(layout), query, codes, out)),
    kltTopK: (layout, queries, codes, k, allow, { slots, scores }) =>
      check(() =>
        addon.kltTopK(threads().sync, at, ...kltParts(layout), queries, codes, k, allow, slots, scores),
      ),
    kltBlocks: (layout, codes, out) => check(() => addon.kltBlocks(...kltParts(layout), codes, out)),
    kltBlocksNear: (layout, queries, blocks, rows, k, near, allow, { slots, scores }) =>
      check(() => {
        const hits = [rows, k, ...nearParts(near), allow, slots, scores] as const;
        return addon.kltBlocksNear(threads().sync, at, ...kltParts(layout), queries, blocks, ...hits);
      }),
  };
}

function check(call: () => Outcome): void {
  const fault = guard(call);
  if (fault !== null) throw faultError(fault);
}

/** Where the number stands that made a call NOT_FINITE, -1 where none did. */
function notFiniteAt(call: () => Outcome): number {
  const fault = guard(call);
  if (fault === null) return -1;
  if (fault.code === "NOT_FINITE") return fault.actual;
  throw faultError(fault);
}

/** A panic in Rust, or an argument that isn't of the type that the addon takes. */
function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new PithError("INTERNAL", `the native core failed: ${(cause as Error).message}`, {}, { cause });
  }
}
