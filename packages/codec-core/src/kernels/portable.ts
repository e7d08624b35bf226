/** The portable kernels: every one in TypeScript, the oracle that the native ones are tested against. */
import { BINARY_QUERY_EXTRA, binaryDecode, binaryEncode, binaryScorer, binarySymmetric } from "./binary.ts";
import { covariance } from "./covariance.ts";
import { crc32c } from "./crc32c.ts";
import { dftDecode, dftEncode, dftSpectra } from "./dft-codes.ts";
import { dftQueries, dftQueryFloats, dftScorer } from "./dft-scores.ts";
import { firstNonFinite } from "./finite.ts";
import { floatScorer } from "./float-scan.ts";
import { fromFloat16, toFloat16 } from "./float16.ts";
import { hadamard } from "./hadamard.ts";
import { int8Decode, int8Encode, int8Scorer } from "./int8.ts";
import { int8GroupedDecode, int8GroupedEncode, int8GroupedScorer, int8Symmetric } from "./int8-grouped.ts";
import type { Kernels } from "./kernels.ts";
import { kltDecode, kltEncode } from "./klt.ts";
import { KLT_QUERY_EXTRA, kltQueries, kltScorer } from "./klt-scores.ts";
import { norms, unitRows } from "./norms.ts";
import { scanScores, scanTopK } from "./scan.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import { turboDecode, turboEncode } from "./turbo.ts";
import { TURBO_QUERY_EXTRA, turboQueries, turboScorer } from "./turbo-scores.ts";

export const portable: Kernels = {
  backend: "portable",
  isa: "typescript",
  crc32c,
  firstNonFinite,
  toFloat16,
  fromFloat16,
  norms,
  unitRows,
  floatScores: (metric, query, rows, dim, out) => scanScores(floatScorer(metric, rows, dim), query, out),
  floatTopK: (metric, queries, rows, dim, k, allow, out) =>
    scanTopK(floatScorer(metric, rows, dim), queries, dim, k, allow, out),
  int8Encode,
  int8Decode,
  int8Scores: (metric, query, codes, dim, out) => scanScores(int8Scorer(metric, codes, dim), query, out),
  int8TopK: (metric, queries, codes, dim, k, allow, out) =>
    scanTopK(int8Scorer(metric, codes, dim), queries, dim, k, allow, out),
  hadamard,
  int8GroupedEncode,
  int8GroupedDecode,
  int8GroupedScores: (metric, query, codes, dim, group, out) =>
    scanScores(int8GroupedScorer(metric, codes, dim, group), query, out),
  int8GroupedTopK: (metric, queries, codes, dim, group, k, allow, out) =>
    scanTopK(int8GroupedScorer(metric, codes, dim, group), queries, dim, k, allow, out),
  int8Symmetric,
  binaryEncode,
  binaryDecode,
  binaryScores: (metric, query, codes, dim, out) => scanScores(binaryScorer(metric, codes, dim), query, out),
  binaryTopK: (metric, queries, codes, dim, k, allow, out) =>
    scanTopK(binaryScorer(metric, codes, dim), queries, dim + BINARY_QUERY_EXTRA, k, allow, out),
  binarySymmetric,
  covariance,
  symmetricEigen,
  turboEncode,
  turboDecode,
  turboQueries,
  turboScores: (layout, query, codes, out) => scanScores(turboScorer(layout, codes), query, out),
  turboTopK: (layout, queries, codes, k, allow, out) =>
    scanTopK(turboScorer(layout, codes), queries, layout.dim + TURBO_QUERY_EXTRA, k, allow, out),
  dftSpectra,
  dftEncode,
  dftDecode,
  dftQueries,
  dftScores: (layout, query, codes, out) => scanScores(dftScorer(layout, codes), query, out),
  dftTopK: (layout, queries, codes, k, allow, out) =>
    scanTopK(dftScorer(layout, codes), queries, dftQueryFloats(layout.dim), k, allow, out),
  kltEncode,
  kltDecode,
  kltQueries,
  kltScores: (layout, query, codes, out) => scanScores(kltScorer(layout, codes), query, out),
  kltTopK: (layout, queries, codes, k, allow, out) =>
    scanTopK(kltScorer(layout, codes), queries, layout.bits.length + KLT_QUERY_EXTRA, k, allow, out),
};
