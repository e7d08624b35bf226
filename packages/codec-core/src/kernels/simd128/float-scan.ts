/** Scores and searches over float rows, a block at a time; float16 rows are widened as they arrive. */
import type { Metric } from "../../contract/metric.ts";
import type { FloatRows, TopKOutput } from "../kernels.ts";
import { Heaps, MOST_HITS, packQueries, queriesPerPass, rankScores } from "./heaps.ts";
import { METRIC, type Wasm } from "./instance.ts";
import { Memory } from "./memory.ts";
import { blockRows, RowReader } from "./rows.ts";

export function floatScores(
  wasm: Wasm,
  metric: Metric,
  query: Float32Array,
  rows: FloatRows,
  dim: number,
  out: Float32Array,
): void {
  const memory = new Memory(wasm);
  const packed = packQueries(memory, query, dim, 0, 1);
  const block = new FloatBlock(wasm, memory, metric, rows, dim, undefined);
  const scores = memory.floats(block.slots.length);
  for (let first = 0, n = block.read(); n > 0; first += n, n = block.read()) {
    wasm.floatScores(
      METRIC[metric],
      packed.byteOffset,
      block.floats.byteOffset,
      block.norms.byteOffset,
      dim,
      n,
      scores.byteOffset,
    );
    out.set(scores.subarray(0, n), first);
  }
}

export function floatTopK(
  wasm: Wasm,
  metric: Metric,
  queries: Float32Array,
  rows: FloatRows,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  out: TopKOutput,
): void {
  if (k > MOST_HITS) {
    rankScores(queries, dim, rows.length / dim, k, allow, out, (query, scores) =>
      floatScores(wasm, metric, query, rows, dim, scores),
    );
    return;
  }
  const all = queries.length / dim;
  const most = queriesPerPass(dim, k);
  for (let first = 0; first < all; first += most) {
    const count = Math.min(most, all - first);
    const memory = new Memory(wasm);
    const packed = packQueries(memory, queries, dim, first, count);
    const heaps = new Heaps(memory, count, k);
    const block = new FloatBlock(wasm, memory, metric, rows, dim, allow);
    for (let n = block.read(); n > 0; n = block.read())
      wasm.floatTopK(
        METRIC[metric],
        packed.byteOffset,
        count,
        heaps.address,
        k,
        block.floats.byteOffset,
        block.norms.byteOffset,
        block.slots.byteOffset,
        dim,
        n,
      );
    heaps.write(wasm, out, first, count);
  }
}

/** A block of rows as float32, with their norms under cosine. */
class FloatBlock {
  readonly floats: Float32Array;
  readonly norms: Float32Array;
  readonly slots: Uint32Array;
  readonly #wasm: Wasm;
  readonly #dim: number;
  readonly #cosine: boolean;
  readonly #reader: RowReader;
  /** Where rows are copied to: `floats`, or room for float16. */
  readonly #target: Uint8Array;
  readonly #half: boolean;

  constructor(
    wasm: Wasm,
    memory: Memory,
    metric: Metric,
    rows: FloatRows,
    dim: number,
    allow: Uint32Array | undefined,
  ) {
    const n = blockRows(4 * dim, rows.length / dim);
    this.#wasm = wasm;
    this.#dim = dim;
    this.#cosine = metric === "cosine";
    this.#half = rows instanceof Uint16Array;
    this.#reader = new RowReader(rows, rows.BYTES_PER_ELEMENT * dim, allow);
    this.floats = memory.floats(n * dim);
    this.norms = memory.floats(n);
    this.slots = memory.uint32(n);
    this.#target = this.#half
      ? memory.bytes(2 * n * dim)
      : new Uint8Array(this.floats.buffer, this.floats.byteOffset, this.floats.byteLength);
  }

  /** @returns the number of rows that are ready; 0 at the end */
  read(): number {
    const n = this.#reader.read(this.#target, this.slots);
    const { byteOffset } = this.floats;
    if (this.#half) this.#wasm.widen(this.#target.byteOffset, n * this.#dim, byteOffset);
    if (this.#cosine) this.#wasm.floatNorms(byteOffset, this.#dim, n, this.norms.byteOffset);
    return n;
  }
}
