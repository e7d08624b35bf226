/** What a flat index holds, in numbers. */
import type { Codec } from "../contract/codec.ts";
import type { Metric } from "../contract/metric.ts";
import { stateBytes } from "../contract/state.ts";
import type { Id } from "../ids.ts";
import type { IndexParts } from "./persist.ts";

export interface IndexStats {
  readonly codec: string;
  readonly dim: number;
  readonly metric: Metric;
  readonly count: number;
  /** Slots whose id was removed; saving drops them. */
  readonly tombstones: number;
  /** Bytes of the codes, and of the originals where kept, for each live vector. */
  readonly bytesPerVector: number;
  readonly codeBytes: number;
  readonly originalBytes: number;
  /** Learned state of the codec, and of the one whose codes are kept. */
  readonly sideBytes: number;
  /**
   * What searching takes in memory: codes, these once more where the first search laid them out for the kernels, kept rows, and
   * learned state; without what is left in a file or mapped. Ids come on top.
   */
  readonly memoryBytes: number;
}

export function indexStats<I extends Id>(
  codec: Codec,
  metric: Metric,
  { ids, codes, originals }: IndexParts<I>,
  laidOutBytes: number,
): IndexStats {
  const finer = originals && "codec" in originals ? stateBytes(originals.codec.state()) : 0;
  const sideBytes = stateBytes(codec.state()) + finer;
  return {
    codec: codec.name,
    dim: codec.dim,
    metric,
    count: ids.size,
    tombstones: ids.length - ids.size,
    bytesPerVector: codes.stride + (originals?.rows.stride ?? 0),
    codeBytes: codes.bytes.length,
    originalBytes: originals ? originals.rows.count * originals.rows.stride : 0,
    sideBytes,
    memoryBytes: codes.memoryBytes + laidOutBytes + (originals?.rows.memoryBytes ?? 0) + sideBytes,
  };
}
