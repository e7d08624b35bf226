/** The portable kernels: every one in TypeScript, the oracle that the native ones are tested against. */
import { crc32c } from "./crc32c.ts";
import { firstNonFinite } from "./finite.ts";
import { floatScorer } from "./float-scan.ts";
import { fromFloat16, toFloat16 } from "./float16.ts";
import { int8Decode, int8Encode, int8Scorer } from "./int8.ts";
import type { Kernels } from "./kernels.ts";
import { norms, unitRows } from "./norms.ts";
import { scanScores, scanTopK } from "./scan.ts";

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
};
