/** The native kernels off the event loop: the bits of the others, panics as errors, and memory that goes away. */
import { afterEach, describe, expect, test } from "vitest";
import { isPithError } from "../../src/errors.ts";
import type { AsyncKernels } from "../../src/kernels/async-kernels.ts";
import { type DftLayout, dftStride } from "../../src/kernels/dft-layout.ts";
import { dftQueryFloats } from "../../src/kernels/dft-scores.ts";
import { signWords } from "../../src/kernels/hadamard.ts";
import type { Isa, Kernels } from "../../src/kernels/kernels.ts";
import { type KltLayout, kltStride } from "../../src/kernels/klt-layout.ts";
import { KLT_QUERY_EXTRA } from "../../src/kernels/klt-scores.ts";
import { loadNative } from "../../src/kernels/native.ts";
import { portable } from "../../src/kernels/portable.ts";
import { useThreads } from "../../src/kernels/threads.ts";
import { type TurboLayout, turboStride } from "../../src/kernels/turbo-layout.ts";
import { TURBO_QUERY_EXTRA } from "../../src/kernels/turbo-scores.ts";
import { SplitMix64 } from "../../src/random.ts";
import { natives, normals, skipped } from "./backends.ts";

afterEach(() => useThreads(undefined));

const DIM = 48;

/** More than one block of what is copied at once. */
function corpus(count: number): { data: Float32Array; codes: Uint8Array } {
  const random = new SplitMix64(60);
  const few = normals(random, 300 * DIM);
  const data = new Float32Array(count * DIM);
  for (let i = 0; i < data.length; i++) data[i] = few[i % few.length] + i / data.length;
  const codes = new Uint8Array(count * (DIM + 4));
  fastest().int8Encode(data, DIM, true, codes);
  return { data, codes };
}

function fastest(): (typeof natives)[number] {
  return natives[natives.length - 1];
}

function asyncs(): AsyncKernels {
  const { async } = fastest();
  if (!async) throw new Error("no asynchronous kernels");
  return async;
}

function shared<T extends Uint8Array | Float32Array>(array: T): T {
  const make = array.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new make(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

/** Many numbers from few draws. */
function repeated(seed: number, length: number): Float32Array {
  const few = normals(new SplitMix64(seed), 1000);
  return Float32Array.from({ length }, (_, i) => few[i % few.length] + i / length);
}

/** Bit for bit; a list of differences between large arrays would take minutes. */
function sameBytes(actual: ArrayBufferView, expected: ArrayBufferView): void {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  expect(bytes(actual).equals(bytes(expected))).toBe(true);
}

/** Both forms of a codec's kernels, over rows in memory of both kinds. `floats`: of a prepared query. */
async function sameAsSync<C extends "turbo" | "klt" | "dft">(
  layout: Parameters<Kernels[`${C}Encode`]>[0],
  stride: number,
  floats: number,
  codec: C,
  threads: number,
): Promise<void> {
  const count = 50_000;
  const sync = fastest() as unknown as Record<string, (...given: unknown[]) => void>;
  const off = asyncs() as unknown as Record<string, (...given: unknown[]) => Promise<never>>;
  const data = repeated(62, count * DIM);
  const queries = repeated(63, 5 * floats);
  const allow = Uint32Array.from({ length: Math.ceil(count / 32) }, (_, i) => Math.imul(i + 1, 0x9e3779b9));
  const codes = new Uint8Array(count * stride);
  sync[`${codec}Encode`](layout, data, codes);
  const decoded = new Float32Array(data.length);
  sync[`${codec}Decode`](layout, codes, decoded);
  for (const [rows, bytes] of [
    [data, codes],
    [shared(data), shared(codes)],
  ]) {
    sameBytes(await off[`${codec}Encode`](layout, rows, { threads }), codes);
    sameBytes(await off[`${codec}Decode`](layout, bytes, { threads }), decoded);
    for (const list of [undefined, allow]) {
      const found = { slots: new Uint32Array(50), scores: new Float32Array(50) };
      sync[`${codec}TopK`](layout, queries, codes, 10, list, found);
      expect(await off[`${codec}TopK`](layout, queries, bytes, 10, list, { threads })).toEqual(found);
    }
  }
  data[5 * DIM + 1] = Number.NaN;
  expect(await codeOf(off[`${codec}Encode`](layout, data, { threads }))).toBe("NOT_FINITE");
}

async function codeOf(running: Promise<unknown>): Promise<string> {
  try {
    await running;
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "none";
}

/** Tries with twice as many queries each time, until a scan takes as long as the test needs. */
async function longEnough(queries: number, attempt: (queries: number) => Promise<boolean>): Promise<void> {
  while (!(await attempt(queries))) queries *= 2;
}

if (skipped !== undefined) test.skip(`asynchronous kernels: ${skipped}`, () => undefined);

describe.skipIf(skipped !== undefined)("kernels off the event loop", () => {
  test.each([1, 2, 3, 7])("have the bits of the others, with %i threads", async (threads) => {
    const count = 90_000;
    const { data, codes } = corpus(count);
    const random = new SplitMix64(61);
    const queries = normals(random, 5 * DIM);
    const allow = Uint32Array.from({ length: Math.ceil(count / 32) }, (_, i) => Math.imul(i + 1, 0x9e3779b9));
    const sync = fastest();
    for (const [floats, bytes] of [
      [data, codes],
      [shared(data), shared(codes)],
    ]) {
      sameBytes(await asyncs().int8Encode(floats, DIM, true, { threads }), codes);
      const decoded = new Float32Array(data.length);
      sync.int8Decode(codes, DIM, decoded);
      sameBytes(await asyncs().int8Decode(bytes, DIM, { threads }), decoded);
      for (const list of [undefined, allow])
        for (const k of [1, 20]) {
          const room = () => ({ slots: new Uint32Array(5 * k), scores: new Float32Array(5 * k) });
          const [ofCodes, ofFloats] = [room(), room()];
          sync.int8TopK("dot", queries, codes, DIM, k, list, ofCodes);
          sync.floatTopK("l2", queries, data, DIM, k, list, ofFloats);
          expect(await asyncs().int8TopK("dot", queries, bytes, DIM, k, list, { threads })).toEqual(ofCodes);
          expect(await asyncs().floatTopK("l2", queries, floats, DIM, k, list, { threads })).toEqual(
            ofFloats,
          );
        }
    }
    useThreads(threads);
    const again = new Uint8Array(codes.length);
    sync.int8Encode(data, DIM, true, again);
    sameBytes(again, codes);
    const [scores, one] = [new Float32Array(count), new Float32Array(count)];
    sync.int8Scores("dot", queries.subarray(0, DIM), codes, DIM, scores);
    useThreads(1);
    sync.int8Scores("dot", queries.subarray(0, DIM), codes, DIM, one);
    sameBytes(scores, one);
  });

  test.each([1, 3])("have the bits of the others in algebra, with %i threads", async (threads) => {
    const sync = fastest();
    const { covariance, symmetricEigen } = asyncs();
    if (!covariance || !symmetricEigen) throw new Error("no asynchronous kernels");
    const data = repeated(65, 30_000 * DIM);
    const mean = repeated(66, DIM);
    const sums = new Float64Array(DIM * DIM);
    sync.covariance(data, DIM, mean, sums);
    for (const floats of [data, shared(data)])
      sameBytes(await covariance(floats, DIM, mean, { threads }), sums);
    expect(await symmetricEigen(sums, DIM, { threads })).toEqual(sync.symmetricEigen(sums, DIM));
    sums[0] = Number.NaN;
    expect(await codeOf(symmetricEigen(sums, DIM, {}))).toBe("NOT_FINITE");
    const signal = AbortSignal.abort();
    expect(await codeOf(covariance(data, DIM, mean, { signal }))).toBe("ABORTED");
    expect(await codeOf(symmetricEigen(sums, DIM, { signal }))).toBe("ABORTED");
  });

  test.each([1, 3])("have the bits of the others over rotated codes, with %i threads", async (threads) => {
    for (const bits of [3, 4]) {
      const layout: TurboLayout = {
        metric: "l2",
        dim: DIM,
        bits,
        trellis: false,
        signs: Uint32Array.from({ length: 4 * signWords(DIM) }, (_, i) => Math.imul(i + 1, 0x85ebca6b)),
        mean: repeated(64, DIM),
        table: new Float32Array(),
      };
      await sameAsSync(layout, turboStride(layout), DIM + TURBO_QUERY_EXTRA, "turbo", threads);
    }
  });

  test.each([1, 3])(
    "have the bits of the others over codes in a learned basis, with %i threads",
    async (threads) => {
      const count = 20;
      const layout: KltLayout = {
        metric: "l2",
        dim: DIM,
        trellis: "separable",
        codeBytes: 6,
        bits: Uint8Array.from({ length: count }, (_, r) => [1, 2, 3, 6][Math.floor(r / 6)]),
        mean: repeated(67, DIM),
        columns: repeated(68, DIM * count).map((v) => Math.round(20 * v)),
        forward: repeated(69, count),
        back: repeated(70, count),
        step: repeated(71, count),
        twice: repeated(72, count),
        table: Float32Array.from({ length: 256 }, (_, i) => i && 0.1 * 1.02 ** i),
      };
      await sameAsSync(layout, kltStride(layout), count + KLT_QUERY_EXTRA, "klt", threads);
    },
  );

  test.each([1, 3])("have the bits of the others over Fourier codes, with %i threads", async (threads) => {
    for (const magBits of [0, 2]) {
      const layout: DftLayout = {
        metric: "l2",
        dim: DIM,
        topK: 9,
        magBits,
        phaseBits: 3,
        mean: magBits > 0 ? repeated(73, DIM) : new Float32Array(),
        levels: Float32Array.from({ length: 2 ** magBits }, (_, i) => 1 + i),
        table:
          magBits > 0
            ? new Float32Array()
            : Float32Array.from({ length: 256 }, (_, i) => i && 0.1 * 1.02 ** i),
      };
      await sameAsSync(layout, dftStride(layout), dftQueryFloats(DIM), "dft", threads);
    }
  });

  test("a panic in Rust rejects with INTERNAL, and the process lives", async () => {
    const addon = loadNative();
    if (!("isas" in addon)) throw new Error(addon.reason);
    // An instruction set that isn't there has the place -1: an index out of bounds.
    const broken = addon.kernels("none" as Isa).async as AsyncKernels;
    const encode = (): Promise<unknown> => broken.int8Encode(new Float32Array(4), 2, false, {});
    await expect(encode()).rejects.toThrow(/index out of bounds/);
    expect(await codeOf(encode())).toBe("INTERNAL");
    expect(
      await codeOf(broken.int8TopK("dot", new Float32Array(2), new Uint8Array(12), 2, 1, undefined, {})),
    ).toBe("INTERNAL");
    expect(await asyncs().int8Encode(Float32Array.of(1, 2), 2, false, {})).toHaveLength(6);
  });

  test("what doesn't fit is a typed error", async () => {
    const { int8Encode, int8TopK } = asyncs();
    expect(await codeOf(int8Encode(new Float32Array(4), 3, false, {}))).toBe("LENGTH_MISMATCH");
    expect(await codeOf(int8Encode(new Float64Array(2) as unknown as Float32Array, 2, false, {}))).toBe(
      "INTERNAL",
    );
    const query = new Float32Array(3);
    expect(await codeOf(int8TopK("dot", query, new Uint8Array(14), 3, 3, undefined, {}))).toBe(
      "INVALID_ARGUMENT",
    );
    for (const threads of [0, -1, 1.5, Number.NaN, 1025])
      expect(await codeOf(int8Encode(new Float32Array(2), 2, false, { threads }))).toBe("INVALID_ARGUMENT");
    const bad = new Float32Array(3_000_000);
    bad[2_500_000] = Number.POSITIVE_INFINITY;
    bad[2_900_000] = Number.NaN;
    for (const data of [bad, shared(bad)])
      await expect(int8Encode(data, 100, false, { threads: 2 })).rejects.toMatchObject({
        code: "NOT_FINITE",
        details: { row: 25_000, column: 0 },
      });
  });

  test("no rows and no queries", async () => {
    expect(await asyncs().int8Encode(new Float32Array(0), 3, false, {})).toHaveLength(0);
    expect(await asyncs().int8Decode(new Uint8Array(0), 3, {})).toHaveLength(0);
    expect(
      await asyncs().int8TopK("dot", new Float32Array(0), new Uint8Array(14), 3, 1, undefined, {}),
    ).toEqual({
      slots: new Uint32Array(0),
      scores: new Float32Array(0),
    });
  });

  test("a buffer that is transferred or shrunk on the way can't hurt", async () => {
    const { codes } = corpus(300_000);
    const query = normals(new SplitMix64(62), DIM);
    const search = (bytes: Uint8Array): Promise<string> =>
      codeOf(asyncs().int8TopK("dot", query, bytes, DIM, 10, undefined, {}));
    const transferred = codes.slice();
    const running = search(transferred);
    structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
    expect(transferred).toHaveLength(0);
    expect(await running).toBe("LENGTH_MISMATCH");
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(length: number): void };
    const resizable = new Resizable(codes.length, { maxByteLength: codes.length });
    new Uint8Array(resizable).set(codes);
    const shrinking = search(new Uint8Array(resizable));
    resizable.resize(0);
    expect(await shrinking).toBe("LENGTH_MISMATCH");
    // Shared memory only grows: it is read where it is, to its end.
    expect(await search(shared(codes))).toBe("none");
  });

  test("an abort in the middle of a long scan rejects at once, and the event loop runs meanwhile", async () => {
    const { codes } = corpus(100_000);
    for (const bytes of [codes, shared(codes)])
      await longEnough(3000, async (count) => {
        const controller = new AbortController();
        let ticks = 0;
        let over = false;
        const timer = setInterval(() => ticks++, 1);
        const code = codeOf(
          asyncs().int8TopK("dot", repeated(63, count * DIM), bytes, DIM, 10, undefined, {
            signal: controller.signal,
          }),
        ).finally(() => {
          over = true;
          clearInterval(timer);
        });
        while (ticks < 3 && !over) await new Promise((resolve) => setTimeout(resolve, 1));
        if (over) return false;
        controller.abort();
        // No more of the scan, nor anything else that the event loop has to do, comes before the rejection.
        const next = new Promise((resolve) => setImmediate(resolve, "the next turn of the event loop"));
        expect(await Promise.race([code, next])).toBe("ABORTED");
        return true;
      });
  });

  test("what progress throws ends the work", async () => {
    const bytes = shared(corpus(100_000).codes);
    await longEnough(3000, async (count) => {
      const running = asyncs().int8TopK("dot", repeated(64, count * DIM), bytes, DIM, 1, undefined, {
        onProgress(done, total) {
          throw new Error(done < total ? "in the middle" : "at the end");
        },
      });
      const { message } = await running.then(
        () => new Error("progress was never told"),
        (error: Error) => error,
      );
      if (message === "at the end") return false;
      expect(message).toBe("in the middle");
      return true;
    });
  });

  test("the portable kernels have none", () => {
    expect(portable.async).toBeUndefined();
  });
});
