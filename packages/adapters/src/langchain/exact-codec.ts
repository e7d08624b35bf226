/**
 * Float32 rows as they are, searched exactly: what a store holds until there are enough of them to encode. Rows keep their
 * length under cosine too, so that they can be encoded, and kept for rescoring, as if they had just come.
 */
import {
  type Codec,
  type Codes,
  checkCodes,
  checkDim,
  checkMetric,
  checkOutput,
  checkVectors,
  kernels,
  METRICS,
  type Metric,
  rowsFromBytes,
  rowsToBytes,
  scanScorer,
  type Vectors,
} from "@pith/codec-core";

const NAME = "float32";

/** @throws DIM_UNSUPPORTED, UNSUPPORTED_METRIC */
export function exactCodec(dim: number, metric: Metric): Codec {
  checkDim(dim);
  checkMetric(metric);
  const stride = 4 * dim;
  const floats = (c: Codes): Float32Array => {
    checkCodes(c, stride);
    return rowsFromBytes(c.bytes, "F32", dim).data;
  };
  const bytesOf = (v: Vectors): Uint8Array => {
    checkVectors(v, dim);
    return rowsToBytes(v, "F32");
  };
  return {
    name: NAME,
    version: 1,
    dim,
    metric,
    stride,
    supports: {
      metrics: METRICS,
      trained: false,
      symmetric: false,
      decode: "exact",
      deterministic: "bitwise",
      minDim: 1,
      minSample: 0,
    },
    encode: (v) => ({ bytes: bytesOf(v).slice(), stride, count: v.count }),
    encodeInto(v, out) {
      checkOutput(out.length, v.count * stride, "bytes");
      out.set(bytesOf(v));
    },
    decode: (c) => ({ data: floats(c).slice(), dim, count: c.count }),
    decodeInto(c, out) {
      checkOutput(out.length, c.count * dim, "floats");
      out.set(floats(c));
    },
    scorer: (wanted) =>
      scanScorer({ name: NAME, dim, stride }, checkMetric(wanted), {
        scores: (query, c, out) => kernels().floatScores(wanted, query, floats(c), dim, out),
        topK: (queries, c, k, allow, out) =>
          kernels().floatTopK(wanted, queries, floats(c), dim, k, allow?.words, out),
      }),
    state: () => ({ codec: NAME, version: 1, dim, metric, params: {}, tensors: {} }),
  };
}
