/**
 * Which kernels run: native where the addon loads, else WebAssembly SIMD, else TypeScript. `PITH_BACKEND=native|portable`
 * and `PITH_ISA=scalar|avx2|avx512|simd128|typescript` force one; `useBackend` does the same from a program (for tests
 * and benchmarks).
 */
import { PithError } from "../errors.ts";
import type { BackendName, Isa, Kernels } from "./kernels.ts";
import { loadNative } from "./native.ts";
import { portable } from "./portable.ts";
import { loadWasm } from "./simd128/instance.ts";
import { simd128Kernels } from "./simd128/kernels.ts";
import { type Threads, threads } from "./threads.ts";

export interface BackendChoice {
  readonly backend: BackendName;
  readonly isa?: Isa;
}

export interface BackendReport {
  readonly backend: BackendName;
  readonly isa: Isa;
  /** Instruction sets that the native addon could use here; empty without it. */
  readonly available: readonly Isa[];
  /** What the portable backend could use here, the slowest first: "typescript", and "simd128" (WebAssembly). */
  readonly portable: readonly Isa[];
  /** CPU features that the native addon found; empty without it. */
  readonly features: readonly string[];
  /** Threads of a call; 1 where the backend is portable. */
  readonly threads: Threads;
  /** Why the native addon isn't used, where it isn't; and WebAssembly SIMD, where that isn't either. */
  readonly reason?: string;
}

let active: Kernels | undefined;
let reason: string | undefined;

/** The kernels in use. Chosen at the first call. @throws BACKEND_UNAVAILABLE where the environment forces one that isn't there */
export function kernels(): Kernels {
  active ??= choose();
  return active;
}

/** Switches all codecs of this process. @throws BACKEND_UNAVAILABLE */
export function useBackend(choice: BackendChoice): void {
  active = pick(choice);
  reason = choice.backend === "portable" ? "portable was asked for" : undefined;
}

export function backendReport(): BackendReport {
  const { backend, isa } = kernels();
  const native = loadNative();
  const { isas: available, features } = "isas" in native ? native : { isas: [], features: [] };
  const team = backend === "native" ? threads() : { sync: 1, async: 1 };
  const report = { backend, isa, available, portable: portableIsas(), features, threads: team };
  return reason === undefined ? report : { ...report, reason };
}

function choose(): Kernels {
  const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const backend = env["PITH_BACKEND"];
  const isa = env["PITH_ISA"] as Isa | undefined;
  if (backend !== undefined && backend !== "native" && backend !== "portable")
    throw new PithError("BACKEND_UNAVAILABLE", `PITH_BACKEND: expected native or portable, got ${backend}`);
  if (backend === "portable" || (!backend && (isa === "simd128" || isa === "typescript"))) {
    const forced = pick(isa ? { backend: "portable", isa } : { backend: "portable" });
    reason = backend ? "PITH_BACKEND=portable" : `PITH_ISA=${isa}`;
    return forced;
  }
  if (backend === "native" || isa) return pick(isa ? { backend: "native", isa } : { backend: "native" });
  const native = loadNative();
  if ("isas" in native) return native.kernels(native.isas[native.isas.length - 1]);
  const wasm = loadWasm();
  reason = "reason" in wasm ? `${native.reason}; ${wasm.reason}` : native.reason;
  return pick({ backend: "portable" });
}

function pick({ backend, isa }: BackendChoice): Kernels {
  if (backend === "portable") {
    const fast = simd128();
    if (isa === "typescript" || (!isa && !fast)) return portable;
    if (fast && (isa ?? "simd128") === "simd128") return fast;
    throw unavailable(portableIsas(), isa);
  }
  const native = loadNative();
  if (!("isas" in native))
    throw new PithError("BACKEND_UNAVAILABLE", `the native backend can't load: ${native.reason}`, native);
  const wanted = isa ?? native.isas[native.isas.length - 1];
  if (!native.isas.includes(wanted)) throw unavailable(native.isas, wanted);
  return native.kernels(wanted);
}

let simd: Kernels | undefined;

/** The WebAssembly kernels, where they run here. */
function simd128(): Kernels | undefined {
  const wasm = loadWasm();
  if (!("reason" in wasm)) simd ??= simd128Kernels(wasm);
  return simd;
}

function portableIsas(): Isa[] {
  return simd128() ? ["typescript", "simd128"] : ["typescript"];
}

function unavailable(expected: readonly Isa[], actual: Isa | undefined): PithError {
  const wasm = actual === "simd128" ? loadWasm() : {};
  const why = "reason" in wasm ? `: ${wasm.reason}` : "";
  return new PithError("BACKEND_UNAVAILABLE", `expected one of ${expected.join(", ")}, got ${actual}${why}`, {
    expected,
    actual,
  });
}
