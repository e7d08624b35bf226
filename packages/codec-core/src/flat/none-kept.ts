/** Where an index keeps rows for rescoring, before the first one. */
import type { Codec } from "../contract/codec.ts";
import type { Metric } from "../contract/metric.ts";
import { CodedRows } from "./coded-rows.ts";
import { checkKeep, type Keep, keepDtype, Originals } from "./originals.ts";
import type { KeptRows } from "./persist.ts";

/** `keep`: as floats, or as codes of a finer codec. @throws INVALID_ARGUMENT, DIM_MISMATCH, UNSUPPORTED_METRIC */
export function noneKept(dim: number, metric: Metric, keep: Keep | Codec = "none"): KeptRows | undefined {
  if (typeof keep === "object" && keep !== null) return new CodedRows(keep, dim, metric);
  const dtype = keepDtype(checkKeep(keep));
  return dtype && new Originals(dtype, dim, metric);
}
