import { grid } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec, breakScorer } from "./breaking.ts";

/** Codecs whose own asynchronous forms are wrong. */
export const brokenAsyncs: readonly BrokenCodec[] = [
  {
    fault: "encodes other bytes off the event loop",
    law: "async.same",
    family: breakCodec(grid, (codec) => ({
      async encodeAsync(v) {
        const c = codec.encode(v);
        if (c.count > 0) c.bytes[0] ^= 1;
        return c;
      },
    })),
  },
  {
    fault: "searches half of the rows off the event loop",
    law: "async.same",
    family: breakScorer(grid, (scorer) => ({
      async topKBatchAsync(queries, c, k, allow) {
        if ("kind" in c || allow || c.count < 2) return scorer.topKBatch(queries, c, k, allow);
        const count = c.count >> 1;
        return scorer.topKBatch(queries, { ...c, bytes: c.bytes.subarray(0, count * c.stride), count }, k);
      },
    })),
  },
  {
    fault: "counts rows of a block where it refuses a number",
    law: "async.refuse",
    family: breakCodec(grid, (codec) => ({
      async encodeAsync(v) {
        const half = Math.min(v.count, 16);
        const part = (from: number, to: number) =>
          codec.encode({ data: v.data.subarray(from * v.dim, to * v.dim), dim: v.dim, count: to - from })
            .bytes;
        const bytes = new Uint8Array([...part(0, half), ...part(half, v.count)]);
        return { bytes, stride: codec.stride, count: v.count };
      },
    })),
  },
  {
    fault: "never says that it is done",
    law: "async.progress",
    family: breakCodec(grid, (codec) => ({
      async decodeAsync(c, { signal, onProgress }) {
        onProgress?.(c.count - 1, c.count);
        if (signal?.aborted) throw new Error("the signal was looked at too early");
        return codec.decode(c);
      },
    })),
  },
  {
    fault: "doesn't look at the signal",
    law: "async.abort",
    family: breakScorer(grid, (scorer) => ({
      async topKBatchAsync(queries, c, k, allow, { onProgress }) {
        const hits = scorer.topKBatch(queries, c, k, allow);
        onProgress?.(queries.count * c.count, queries.count * c.count);
        return hits;
      },
    })),
  },
];
