/**
 * What each setting of each codec costs and finds on a sample of somebody's own vectors: exact neighbours of queries that no
 * codec saw, against those that the codes give, alone or with their best hits scored again with float16 rows. What a codec
 * learns it learns from the rows that are searched, as `pith compress` does. What is found is found on all threads; speeds are
 * the best of a few runs of calls that the program waits for: on one thread, unless PITH_THREADS says otherwise.
 */
import {
  type Codec,
  type CodecFamily,
  type CodecFit,
  type CommonOptions,
  encodeAsync,
  type Hits,
  kernels,
  type Metric,
  PithError,
  recallAt,
  rescoreHits,
  rowsToBytes,
  searchAsync,
  sliceVectors,
  stateBytes,
  unitRows,
  type Vectors,
} from "@pith/codec-core";
import type { Setting } from "../settings.ts";
import { abortIf } from "./abort.ts";
import { inFile } from "./code-blocks.ts";
import { estimateRecall } from "./recall-interval.ts";
import { fastest } from "./timing.ts";
import { codecOrReason } from "./training.ts";
import type { TuneSample } from "./tune-sample.ts";

/** Hits scored again for each wanted one. */
const OVERSAMPLES = [2, 4, 10, 20];
/** Least time for each speed, and how long a single run may take to be repeated. */
const SECONDS = 0.05;
const PATIENCE = 0.3;
/** Rows in a timed encoding, and queries in a batch of exact search: the event loop waits for each of them. */
const TIMED_ROWS = 4096;
const EXACT_QUERIES = 32;
/** Parts of the work on a setting, for progress. */
const [ENCODING, SEARCHING, TIMING] = [30, 30, 40];

export interface TuneJob {
  readonly sample: TuneSample;
  /** For errors. */
  readonly path: string;
  /** Rows of the whole file: what a codec learned is shared by so many. */
  readonly count: number;
  readonly metric: Metric;
  readonly k: number;
  readonly settings: readonly { readonly family: CodecFamily; readonly options: Setting }[];
  /** Whether to try rescoring too. */
  readonly rescore: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface TuneTrial {
  readonly codec: string;
  readonly options: Setting;
  readonly trained: boolean;
  /** Hits scored again with float16 rows for each wanted one; null: the codes decide. */
  readonly oversample: number | null;
  /** All that the file holds for a vector: codes, kept rows, and its share of what the codec learned. */
  readonly bytesPerVector: number;
  readonly codeBytes: number;
  readonly keptBytes: number;
  readonly sideBytes: number;
  readonly sideBytesPerVector: number;
  /** Squared error over squared length of the rows that the codec learned from, and of others; null where nobody measured. */
  readonly fit: CodecFit | null;
  readonly recall: number;
  readonly recallLow: number;
  readonly recallHigh: number;
  readonly encodeVectorsPerSecond: number;
  /** Of one query after another. */
  readonly singleQueriesPerSecond: number;
  readonly batchQueriesPerSecond: number;
}

export interface TuneResult {
  readonly exact: Pick<TuneTrial, "bytesPerVector" | "singleQueriesPerSecond" | "batchQueriesPerSecond">;
  readonly trials: TuneTrial[];
  /** Settings that these vectors can't be compressed with. */
  readonly skipped: { readonly codec: string; readonly options: Setting; readonly reason: string }[];
}

/** @throws ABORTED, INVALID_ARGUMENT (no setting that these vectors can be compressed with), and what codecs throw */
export async function tune(job: TuneJob): Promise<TuneResult> {
  const total = (job.settings.length + 1) * (ENCODING + SEARCHING + TIMING);
  let begun = 0;
  const part = (size: number): ((done: number, of: number) => void) => {
    const base = begun;
    begun += size;
    return (done, of) => job.onProgress?.(base + (size * done) / Math.max(1, of), total);
  };
  const bench = new TuneBench(job);
  const exact = await bench.exact(part(ENCODING + SEARCHING + TIMING));
  const trials: TuneTrial[] = [];
  const skipped: TuneResult["skipped"] = [];
  for (const { family, options } of job.settings) {
    const parts = [part(ENCODING), part(SEARCHING), part(TIMING)] as const;
    const codec = bench.codec(family, options);
    if (typeof codec === "string") skipped.push({ codec: family.name, options, reason: codec });
    else trials.push(...(await bench.trials(codec, options, parts)));
  }
  if (trials.length === 0) {
    const text = `no setting serves these vectors: ${skipped.map(({ codec, reason }) => `${codec}: ${reason}`).join("; ")}`;
    throw new PithError("INVALID_ARGUMENT", text);
  }
  return { exact, trials, skipped };
}

type Part = (done: number, of: number) => void;

class TuneBench {
  readonly #job: TuneJob;
  /** The exact k nearest of each query. */
  #truth: Uint32Array[] = [];
  readonly #kept: Uint16Array | undefined;

  constructor(job: TuneJob) {
    this.#job = job;
    if (job.rescore) this.#kept = halfRows(job);
  }

  /** Exact search, which the others are measured by. */
  async exact(progress: Part): Promise<TuneResult["exact"]> {
    const { sample, metric, k } = this.#job;
    const { rows, queries } = sample;
    const { dim } = rows;
    const units = metric === "cosine" ? unitRows(queries.data, dim) : queries.data;
    const scan = (from: number, to: number): Uint32Array => {
      const n = (to - from) * k;
      const out = { slots: new Uint32Array(n), scores: new Float32Array(n) };
      kernels().floatTopK(metric, units.subarray(from * dim, to * dim), rows.data, dim, k, undefined, out);
      return out.slots;
    };
    for (let from = 0; from < queries.count; from += EXACT_QUERIES) {
      const slots = scan(from, Math.min(from + EXACT_QUERIES, queries.count));
      for (let at = 0; at < slots.length; at += k) this.#truth.push(slots.subarray(at, at + k));
      progress(this.#truth.length, queries.count);
      await this.#turn();
    }
    const batch = Math.min(queries.count, EXACT_QUERIES);
    const single = await this.#seconds(each(queries.count, (q) => void scan(q, q + 1)));
    return {
      bytesPerVector: 4 * dim,
      singleQueriesPerSecond: 1 / single,
      batchQueriesPerSecond: batch / (await this.#seconds(() => void scan(0, batch))),
    };
  }

  /** The codec of a setting, or why there is none. */
  codec(family: CodecFamily, options: Setting): Codec | string {
    const { sample, metric } = this.#job;
    return codecOrReason(family, sample.rows, { ...options, dim: sample.rows.dim, metric } as CommonOptions);
  }

  /** The codes alone, then with rescoring. */
  async trials(
    codec: Codec,
    options: Setting,
    [encoding, searching, timing]: readonly Part[],
  ): Promise<TuneTrial[]> {
    const { sample, metric, k, signal } = this.#job;
    const { rows, queries } = sample;
    const oversamples = this.#kept ? [null, ...OVERSAMPLES] : [null];
    const depth = Math.min(rows.count, k * Math.max(...oversamples.map((o) => o ?? 1)));
    await this.#turn();
    const codes = await encodeAsync(codec, rows, { signal, onProgress: encoding });
    const scorer = codec.scorer(metric);
    const hits = await searchAsync(scorer, queries, codes, depth, { signal, onProgress: searching });
    const some = sliceVectors(rows, 0, Math.min(TIMED_ROWS, rows.count));
    const room = codes.bytes.slice(0, some.count * codec.stride);
    const encode = await this.#seconds(() => codec.encodeInto(some, room));
    const sideBytes = stateBytes(codec.state());
    const sideBytesPerVector = sideBytes / this.#job.count;
    const trials: TuneTrial[] = [];
    for (const oversample of oversamples) {
      const wanted = Math.min(rows.count, k * (oversample ?? 1));
      const search = (asked: Vectors, from: number): Hits[] => {
        const found = scorer.topKBatch(asked, codes, wanted);
        return oversample === null ? found : found.map((h, i) => this.#rescored(from + i, h));
      };
      const best = hits.map((h, q) => {
        const cut = {
          slots: h.slots.subarray(0, wanted),
          scores: h.scores.subarray(0, wanted),
          length: wanted,
        };
        return oversample === null ? cut : this.#rescored(q, cut);
      });
      const shares = best.map(({ slots }, q) => recallAt(k, [slots], [this.#truth[q]]));
      const { recall, low, high } = estimateRecall(shares, k);
      const single = await this.#seconds(
        each(queries.count, (q) => void search(sliceVectors(queries, q, q + 1), q)),
      );
      const batch = await this.#seconds(() => void search(queries, 0));
      const keptBytes = oversample === null ? 0 : 2 * rows.dim;
      trials.push({
        codec: codec.name,
        options,
        trained: codec.supports.trained,
        oversample,
        bytesPerVector: codec.stride + keptBytes + sideBytesPerVector,
        codeBytes: codec.stride,
        keptBytes,
        sideBytes,
        sideBytesPerVector,
        fit: codec.fit ?? null,
        recall,
        recallLow: low,
        recallHigh: high,
        encodeVectorsPerSecond: some.count / encode,
        singleQueriesPerSecond: 1 / single,
        batchQueriesPerSecond: queries.count / batch,
      });
      timing(trials.length, oversamples.length);
      // More of what finds everything already would only be slower.
      if (recall === 1 && oversample !== null) break;
    }
    return trials;
  }

  /** The k best of a query's hits by the float16 rows. */
  #rescored(query: number, hits: Hits): Hits {
    const { sample, metric, k } = this.#job;
    const { dim } = sample.rows;
    const kept = this.#kept as Uint16Array;
    const rows = new Uint16Array(hits.length * dim);
    for (let i = 0; i < hits.length; i++)
      rows.set(kept.subarray(hits.slots[i] * dim, (hits.slots[i] + 1) * dim), i * dim);
    return rescoreHits(metric, sliceVectors(sample.queries, query, query + 1).data, hits, rows, k);
  }

  async #seconds(work: () => void): Promise<number> {
    await this.#turn();
    return fastest(work, SECONDS, PATIENCE);
  }

  /** Between pieces of work Ctrl-C has its turn. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    abortIf(this.#job.signal);
  }
}

/** Work on one query after another, a query a call. */
function each(count: number, work: (query: number) => void): () => void {
  let next = 0;
  return () => work(next++ % count);
}

/** The rows as float16. @throws INVALID_ARGUMENT where a number is beyond it, with the row in the file */
function halfRows({ sample, path }: TuneJob): Uint16Array {
  const { rows, rowNumbers } = sample;
  const out = new Uint16Array(rows.count * rows.dim);
  rowNumbers.forEach((number, i) => {
    const bytes = inFile(path, () => rowsToBytes(sliceVectors(rows, i, i + 1), "F16", number));
    out.set(new Uint16Array(bytes.buffer, bytes.byteOffset, rows.dim), i * rows.dim);
  });
  return out;
}
