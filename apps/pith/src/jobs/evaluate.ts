/**
 * What the codes cost: the exact neighbours in the original vectors against those that the codes alone give, the
 * cosine between original and decoded vectors, and, where there are judgements, nDCG@10 and MRR@10. Both files are
 * read in blocks, side by side.
 */
import {
  backendReport,
  type Codec,
  type CodecFit,
  type ErrorCode,
  type Hits,
  type Metric,
  mrrAt,
  ndcgAt,
  PithError,
  ReconstructionMeter,
  recallAt,
  stateBytes,
  type Vectors,
} from "@pith/codec-core";
import { type PithFile, type RowSource, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { BlockSearch } from "./block-search.ts";
import { blockRows, checkBlock, codeBlocks } from "./code-blocks.ts";
import { canRescore, OVERSAMPLE, rescore } from "./rescore.ts";
import { gatherRows, spreadRows } from "./row-sample.ts";

export const RECALL_AT = [1, 10, 100] as const;
const DEPTH = 100;
/** Hits a query in the timed search. */
const TIMED_K = 10;
const HELD_OUT = 200;

export interface EvaluateJob {
  readonly original: RowSource;
  readonly compressed: PithFile;
  readonly codec: Codec;
  /** Default: rows of the original, left out of the search. */
  readonly queries?: Vectors | undefined;
  /** Relevance by row of the original, for each query. */
  readonly judgements?: readonly ReadonlyMap<number, number>[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

export interface SearchQuality {
  /** Share of the exact k nearest among the k found; null where there are fewer than k rows. */
  readonly recall: { readonly [k: string]: number | null };
  readonly ndcg10: number | null;
  readonly mrr10: number | null;
}

export interface Evaluation extends SearchQuality {
  readonly codec: string;
  readonly dim: number;
  readonly count: number;
  readonly metric: Metric;
  readonly queries: number;
  /** Whether the queries are rows of the original, held out of the search. */
  readonly heldOut: boolean;
  readonly bytesPerVector: number;
  /** What the codec learned, stored once; and its share of a vector, which `bytesPerVector` is without. */
  readonly sideBytes: number;
  readonly sideBytesPerVector: number;
  /** Squared error over squared length of the rows that the codec learned from, and of others; null where nobody measured. */
  readonly fit: CodecFit | null;
  readonly fileBytes: number;
  readonly ratio: number;
  readonly meanCosine: number;
  readonly minCosine: number;
  readonly exact: Pick<SearchQuality, "ndcg10" | "mrr10">;
  /** With what the file keeps for rescoring; null where there are none. */
  readonly rescored: SearchQuality | null;
  readonly encodeVectorsPerSecond: number;
  readonly queriesPerSecond: number;
  readonly backend: string;
}

export async function evaluate(job: EvaluateJob): Promise<Evaluation> {
  const { original, compressed, codec, signal } = job;
  checkPair(original, compressed, codec);
  const heldRows = job.queries ? undefined : heldOut(original.count);
  const queries = job.queries ?? (await gatherRows(original, heldRows ?? [], { signal }));
  const held = new Set(heldRows);
  const allowed = heldRows && ((row: number): boolean => !held.has(row));
  const searched = original.count - held.size;
  const depth = canRescore(compressed) ? DEPTH * OVERSAMPLE : DEPTH;

  const exact = new BlockSearch(queries, codec.metric, DEPTH, allowed);
  const found = new BlockSearch(queries, codec.metric, depth, allowed);
  const scorer = codec.scorer(codec.metric);
  const meter = new ReconstructionMeter(codec.metric === "cosine");
  const encode = new Stopwatch();
  const search = new Stopwatch();
  const inBlocks = { blockRows: blockRows(codec.dim) };
  const out = new Uint8Array(Math.min(inBlocks.blockRows, original.count) * codec.stride);
  let rows = 0;
  const blocks = codeBlocks(compressed, codec, inBlocks)[Symbol.asyncIterator]();
  for await (const block of original.rows(inBlocks)) {
    abortIf(signal);
    checkBlock(original.path, block, rows);
    const codes = (await blocks.next()).value;
    if (!codes) throw new PithError("INTERNAL", "the codes ended before the vectors");
    const room = out.subarray(0, codes.bytes.length);
    if (rows === 0) {
      // Once untimed: compilers and caches warm up.
      scorer.topKBatch(queries, codes, TIMED_K);
      codec.encodeInto(block, room);
    }
    exact.addVectors(block);
    found.addCodes(scorer, codes);
    search.time(() => scorer.topKBatch(queries, codes, TIMED_K));
    encode.time(() => codec.encodeInto(block, room), block.count);
    if (codec.supports.decode !== "none") meter.add(block, codec.decode(codes));
    rows += block.count;
    job.onProgress?.(rows);
  }

  const exactHits = exact.hits();
  const foundHits = found.hits();
  const { judgements } = job;
  const { meanCosine, minCosine } = meter.result();
  const report = backendReport();
  const sideBytes = stateBytes(codec.state());
  const rescored = canRescore(compressed)
    ? await rescore(compressed, codec.metric, queries, foundHits, DEPTH, signal)
    : undefined;
  return {
    codec: codec.name,
    dim: codec.dim,
    count: original.count,
    metric: codec.metric,
    queries: queries.count,
    heldOut: heldRows !== undefined,
    bytesPerVector: codec.stride,
    sideBytes,
    sideBytesPerVector: sideBytes / original.count,
    fit: codec.fit ?? null,
    fileBytes: compressed.fileBytes,
    ratio: (4 * codec.dim) / codec.stride,
    meanCosine,
    minCosine,
    ...quality(foundHits, exactHits, searched, judgements),
    exact: judged(exactHits, judgements),
    rescored: rescored ? quality(rescored, exactHits, searched, judgements) : null,
    encodeVectorsPerSecond: encode.perSecond(),
    queriesPerSecond: search.perSecond(queries.count),
    backend: `${report.backend}/${report.isa}`,
  };
}

/** @throws DIM_MISMATCH, LENGTH_MISMATCH, EMPTY_INPUT */
function checkPair(original: RowSource, compressed: PithFile, codec: Codec): void {
  const expect = (what: string, code: ErrorCode, expected: number, actual: number): void => {
    if (actual === expected) return;
    const text = `expected originals of ${what} ${expected}, as in the compressed file, got ${actual}`;
    throw withPath(new PithError(code, text, { expected, actual }), original.path);
  };
  expect("dim", "DIM_MISMATCH", codec.dim, original.dim);
  expect("count", "LENGTH_MISMATCH", compressed.info.count, original.count);
  if (original.count === 0)
    throw withPath(new PithError("EMPTY_INPUT", "expected vectors, got no rows"), original.path);
}

function quality(
  found: readonly Hits[],
  exact: readonly Hits[],
  searched: number,
  judgements: EvaluateJob["judgements"],
): SearchQuality {
  const slots = (hits: readonly Hits[]): Uint32Array[] => hits.map((h) => h.slots);
  const at = (k: number): number | null => (searched < k ? null : recallAt(k, slots(found), slots(exact)));
  const recall = Object.fromEntries(RECALL_AT.map((k) => [String(k), at(k)]));
  return { recall, ...judged(found, judgements) };
}

function judged(
  hits: readonly Hits[],
  judgements: EvaluateJob["judgements"],
): Pick<SearchQuality, "ndcg10" | "mrr10"> {
  if (!judgements) return { ndcg10: null, mrr10: null };
  const docs = hits.map((h) => Array.from(h.slots));
  return { ndcg10: ndcgAt(10, docs, judgements), mrr10: mrrAt(10, docs, judgements) };
}

/** Up to 200 rows, never more than a tenth of them but at least one, spread evenly. */
function heldOut(count: number): number[] {
  return spreadRows(count, Math.max(1, Math.min(HELD_OUT, Math.floor(count / 10))));
}

/** Time spent in repeated calls. */
class Stopwatch {
  #seconds = 0;
  #units = 0;

  time(work: () => void, units: number = 0): void {
    const start = performance.now();
    work();
    this.#seconds += (performance.now() - start) / 1000;
    this.#units += units;
  }

  perSecond(units: number = this.#units): number {
    return Math.round(units / Math.max(this.#seconds, 1e-9));
  }
}
