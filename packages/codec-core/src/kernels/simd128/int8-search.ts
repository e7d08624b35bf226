/** The k best int8 codes: integer products and a bound for all rows, exact scores for the few that are left. */
import type { Metric } from "../../contract/metric.ts";
import type { TopKOutput } from "../kernels.ts";
import { Heaps, MOST_HITS, packQueries, queriesPerPass, rankScores } from "./heaps.ts";
import { METRIC, type Wasm } from "./instance.ts";
import { int8Scores } from "./int8.ts";
import { int8Bound } from "./int8-bound.ts";
import { Memory } from "./memory.ts";
import { blockRows, RowReader } from "./rows.ts";

/** Room for the tile of widened rows with their tests in wasm/int8-search.ts, beyond two rows. */
const TILE_BYTES: number = 20 << 10;

export function int8TopK(
  wasm: Wasm,
  metric: Metric,
  queries: Float32Array,
  codes: Uint8Array,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  out: TopKOutput,
): void {
  const stride = dim + 4;
  const rows = codes.length / stride;
  if (k > MOST_HITS) {
    rankScores(queries, dim, rows, k, allow, out, (query, scores) =>
      int8Scores(wasm, metric, query, codes, dim, scores),
    );
    return;
  }
  const all = queries.length / dim;
  const most = queriesPerPass(dim, k);
  for (let first = 0; first < all; first += most) {
    const count = Math.min(most, all - first);
    const memory = new Memory(wasm);
    const packed = packQueries(memory, queries, dim, first, count);
    const query8 = new Queries8(memory, metric, queries, dim, first, count);
    const heaps = new Heaps(memory, count, k);
    const n = blockRows(stride, rows);
    const block = memory.bytes(n * stride);
    const slots = memory.uint32(n);
    const tile = memory.bytes(4 * (dim + 15) + TILE_BYTES);
    const reader = new RowReader(codes, stride, allow);
    for (let read = reader.read(block, slots); read > 0; read = reader.read(block, slots))
      wasm.int8TopK(
        METRIC[metric],
        packed.byteOffset,
        query8.codes.byteOffset,
        query8.bounds.byteOffset,
        query8.padded,
        count,
        heaps.address,
        k,
        block.byteOffset,
        slots.byteOffset,
        dim,
        read,
        tile.byteOffset,
      );
    heaps.write(wasm, out, first, count);
  }
}

/** 8-bit queries and their bounds as wasm/int8-search.ts and wasm/bound.ts read them. */
class Queries8 {
  /** One query, or a multiple of four, which are interleaved. */
  readonly padded: number;
  readonly codes: Int16Array;
  /** t, b, u, divisor and offset, `padded` of each. */
  readonly bounds: Float64Array;

  constructor(
    memory: Memory,
    metric: Metric,
    queries: Float32Array,
    dim: number,
    first: number,
    count: number,
  ) {
    const length = (dim + 15) & ~15;
    const padded = count === 1 ? 1 : (count + 3) & ~3;
    this.padded = padded;
    this.codes = memory.int16(padded * length).fill(0);
    this.bounds = memory.doubles(5 * padded).fill(0);
    // What isn't a query skips every row.
    this.bounds.fill(Infinity, count, padded);
    for (let i = 0; i < count; i++) {
      const query = queries.subarray((first + i) * dim, (first + i + 1) * dim);
      const at = count === 1 ? 0 : (i & ~3) * length + (i & 3) * 8;
      const { b, u, divisor, offset } = int8Bound(
        metric,
        query,
        this.codes.subarray(at),
        count === 1 ? 8 : 32,
      );
      [-Infinity, b, u, divisor, offset].forEach((value, field) => {
        this.bounds[field * padded + i] = value;
      });
    }
  }
}
