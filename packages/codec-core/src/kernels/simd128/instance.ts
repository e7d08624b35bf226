/**
 * The WebAssembly module of ../../../wasm, compiled and started at once (it is small), and its memory, which the
 * caller divides anew for each call. Where WebAssembly or its SIMD is missing or forbidden (a content security policy
 * without 'wasm-unsafe-eval'), the reason is given instead of an error.
 */
import type { Metric } from "../../contract/metric.ts";
import { MODULE } from "./module.ts";

/** Exports of wasm/index.ts; every pointer is a byte address in `memory`. */
export interface Wasm {
  readonly memory: { readonly buffer: ArrayBuffer };
  base(): number;
  firstNonFinite(data: number, count: number): number;
  narrow(data: number, count: number, out: number): void;
  widen(bits: number, count: number, out: number): void;
  squaredNorms(rows: number, dim: number, count: number, out: number): void;
  floatNorms(rows: number, dim: number, count: number, norms: number): void;
  floatScores(
    metric: number,
    query: number,
    rows: number,
    norms: number,
    dim: number,
    count: number,
    out: number,
  ): void;
  floatTopK(
    metric: number,
    queries: number,
    queryCount: number,
    heaps: number,
    k: number,
    rows: number,
    norms: number,
    slots: number,
    dim: number,
    count: number,
  ): void;
  int8Encode(rows: number, dim: number, count: number, unit: number, out: number): void;
  int8Decode(codes: number, dim: number, count: number, out: number): void;
  int8Scores(metric: number, query: number, codes: number, dim: number, count: number, out: number): void;
  int8TopK(
    metric: number,
    queries: number,
    codes8: number,
    bounds: number,
    queryCount: number,
    used: number,
    heaps: number,
    k: number,
    rows: number,
    slots: number,
    dim: number,
    count: number,
    tile: number,
  ): void;
  sortHits(heaps: number, count: number, k: number): void;
}

/** Metrics by the numbers of wasm/float-scan.ts. */
export const METRIC: Record<Metric, number> = { cosine: 0, dot: 1, l2: 2 };

/** What this file needs of WebAssembly's JavaScript interface; it is no part of the language's own types. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

let loaded: Wasm | { readonly reason: string } | undefined;

/** The instance of this thread, or why there is none. Tried once. */
export function loadWasm(): Wasm | { readonly reason: string } {
  loaded ??= load();
  return loaded;
}

function load(): Wasm | { readonly reason: string } {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (!api) return { reason: "no WebAssembly here" };
  const bytes = Uint8Array.from(atob(MODULE), (char) => char.charCodeAt(0));
  try {
    if (!api.validate(bytes)) return { reason: "this WebAssembly has no SIMD" };
    return new api.Instance(new api.Module(bytes)).exports as Wasm;
  } catch (error) {
    return { reason: `WebAssembly can't start: ${(error as Error).message}` };
  }
}
