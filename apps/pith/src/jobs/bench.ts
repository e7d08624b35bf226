/**
 * How fast the codecs are here, and what they find: on vectors in memory. Each figure is the best of repeated runs, after one
 * untimed. Calls are those that the program waits for: one thread, unless PITH_THREADS says otherwise. One query and a batch are timed apart: one is bound by the bytes that are read, the other by arithmetic.
 */
import {
  type CodecFamily,
  checkFinite,
  type Hits,
  kernels,
  type Metric,
  recallAt,
  stateBytes,
  unitRows,
  type Vectors,
} from "@pith/codec-core";
import { abortIf } from "./abort.ts";
import { fastest } from "./timing.ts";
import { codecOfRows, codecOrReason } from "./training.ts";

export interface BenchJob {
  readonly rows: Vectors;
  readonly queries: Vectors;
  readonly metric: Metric;
  readonly k: number;
  readonly families: readonly CodecFamily[];
  /** Least time for each figure. */
  readonly seconds: number;
  /** Told of codecs whose defaults don't serve these vectors; without it they are errors. */
  readonly onSkip?: ((codec: string, reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface BenchResult {
  /** "float32" is exact search, the measure for the others. */
  readonly codec: string;
  readonly bytesPerVector: number;
  readonly sideBytes: number;
  readonly sideBytesPerVector: number;
  readonly recall: number;
  readonly encodeVectorsPerSecond: number | null;
  readonly decodeVectorsPerSecond: number | null;
  /** Of one query after another. */
  readonly singleQueriesPerSecond: number;
  readonly batchQueriesPerSecond: number;
}

/** @throws NOT_FINITE, ABORTED, and what the codecs throw */
export async function bench(job: BenchJob): Promise<BenchResult[]> {
  const { rows, queries, metric, families, signal } = job;
  checkFinite(rows.data, rows.dim);
  checkFinite(queries.data, queries.dim);
  const k = Math.min(job.k, rows.count);
  const steps = 2 + 4 * families.length;
  let done = 0;
  const best = async (work: () => void): Promise<number> => {
    // Between figures Ctrl-C and the progress have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    abortIf(signal);
    const seconds = fastest(work, job.seconds);
    job.onProgress?.(++done, steps);
    return seconds;
  };

  const units = metric === "cosine" ? unitRows(queries.data, queries.dim) : queries.data;
  const exact = hitsOf(queries.count, k);
  const scan = (from: number, to: number): void =>
    kernels().floatTopK(
      metric,
      units.subarray(from * rows.dim, to * rows.dim),
      rows.data,
      rows.dim,
      k,
      undefined,
      { slots: exact.slots.subarray(from * k, to * k), scores: exact.scores.subarray(from * k, to * k) },
    );
  const each = (work: (q: number) => void): (() => void) => {
    let q = 0;
    return () => work(q++ % queries.count);
  };
  const results: BenchResult[] = [
    {
      codec: "float32",
      bytesPerVector: 4 * rows.dim,
      sideBytes: 0,
      sideBytesPerVector: 0,
      recall: 1,
      encodeVectorsPerSecond: null,
      decodeVectorsPerSecond: null,
      singleQueriesPerSecond: 1 / (await best(each((q) => scan(q, q + 1)))),
      batchQueriesPerSecond: queries.count / (await best(() => scan(0, queries.count))),
    },
  ];
  const truth = Array.from({ length: queries.count }, (_, q) => exact.slots.subarray(q * k, (q + 1) * k));
  for (const family of families) {
    const codec = job.onSkip
      ? codecOrReason(family, rows, { dim: rows.dim, metric })
      : codecOfRows(family, rows, { dim: rows.dim, metric });
    if (typeof codec === "string") {
      job.onSkip?.(family.name, codec);
      continue;
    }
    const codes = codec.encode(rows);
    const sideBytes = stateBytes(codec.state());
    const scorer = codec.scorer(metric);
    const one = (q: number): Vectors => ({
      data: queries.data.subarray(q * rows.dim, (q + 1) * rows.dim),
      dim: rows.dim,
      count: 1,
    });
    let found: Hits[] = [];
    const decoded = codec.supports.decode === "none" ? undefined : new Float32Array(rows.data.length);
    const encode = await best(() => codec.encodeInto(rows, codes.bytes));
    const decode = await best(() => decoded && codec.decodeInto(codes, decoded));
    const single = await best(each((q) => scorer.topKBatch(one(q), codes, k)));
    const batch = await best(() => {
      found = scorer.topKBatch(queries, codes, k);
    });
    results.push({
      codec: codec.name,
      bytesPerVector: codec.stride,
      sideBytes,
      sideBytesPerVector: sideBytes / rows.count,
      recall: recallAt(
        k,
        found.map(({ slots }) => slots),
        truth,
      ),
      encodeVectorsPerSecond: rows.count / encode,
      decodeVectorsPerSecond: decoded ? rows.count / decode : null,
      singleQueriesPerSecond: 1 / single,
      batchQueriesPerSecond: queries.count / batch,
    });
  }
  return results;
}

function hitsOf(count: number, k: number): { slots: Uint32Array; scores: Float32Array } {
  return { slots: new Uint32Array(count * k), scores: new Float32Array(count * k) };
}
