/** What a store is told when it is made. */
import {
  type Codec,
  checkMetric,
  isMetric,
  type Metric,
  nearestName,
  PithError,
  quote,
  shown,
  unknownCodec,
} from "@pith/codec-core";
import { type CodecOptions, codecs } from "./codecs.ts";

/** What hits are scored again with: the vectors as float16 or float32, or their int8 codes. */
export type RescoreKind = "f16" | "f32" | "int8";

export type ScoreKind = "similarity" | "distance";

export interface PithStoreOptions {
  /**
   * Name of a codec ("int8", "binary", "turboquant", "turboquant-spec", "spectral", "spectral-dft"), or a codec that was made
   * already. Default "int8".
   */
  readonly codec?: string | Codec | undefined;
  /** Options of a codec that is named, as `{ bits: 4 }` of turboquant. */
  readonly codecOptions?: CodecOptions | undefined;
  /** Default: that of a codec that is given, else "cosine". */
  readonly metric?: Metric | undefined;
  /**
   * Scores hits again with finer rows that are kept beside the codes: true is "f16". Default false. Not needed up to
   * `encodeFrom` rows, where searches are exact.
   */
  readonly rescore?: boolean | RescoreKind | undefined;
  /** Hits of the codes that are scored again, as a multiple of k, from 1. Default 4. */
  readonly oversample?: number | undefined;
  /**
   * Rows from which on vectors are held as codes; until then they are float32 and searches are exact. Default 256; for a codec
   * that learns from a sample ten rows a dim, at least what it asks for; 0 for a codec that is given.
   */
  readonly encodeFrom?: number | undefined;
  /** "distance": smaller is better: 1 - cosine, minus the dot product, or the squared distance. Default "similarity". */
  readonly scoreKind?: ScoreKind | undefined;
}

/** Options of a store in a folder. */
export interface PithOpenOptions extends PithStoreOptions {
  /**
   * Rows added, replaced or removed since the last compaction from which on the store compacts by itself, once they are also a
   * quarter of all rows. Default 4096.
   */
  readonly compactAfter?: number | undefined;
  /**
   * Opens a store whose SQLite log is gone, as it was when the log was begun: for one whose log another program merged. Default
   * false.
   */
  readonly withoutLog?: boolean | undefined;
}

/** Options, checked, with defaults filled in where they don't depend on the codec. */
export interface StoreSettings {
  readonly codec: string | Codec;
  /** Undefined for a store whose codec was given, and isn't now. */
  readonly codecOptions: CodecOptions | undefined;
  readonly metric: Metric;
  readonly rescore: RescoreKind | undefined;
  readonly oversample: number;
  readonly encodeFrom: number | undefined;
  readonly scoreKind: ScoreKind;
}

const NAMES = ["codec", "codecOptions", "metric", "rescore", "oversample", "encodeFrom", "scoreKind"];
const RESCORE = [true, false, "f16", "f32", "int8"];
const SCORE_KINDS = ["similarity", "distance"];

/** @throws INVALID_OPTION, UNKNOWN_CODEC, UNSUPPORTED_METRIC */
export function readSettings(options: PithStoreOptions, more: readonly string[] = []): StoreSettings {
  const names = [...NAMES, ...more];
  for (const name of Object.keys(options)) if (!names.includes(name)) throw unknownOption(name, names);
  const {
    codec = "int8",
    codecOptions = {},
    metric = typeof codec === "object" && codec !== null ? codec.metric : "cosine",
    rescore = false,
    oversample = 4,
    encodeFrom,
    scoreKind = "similarity",
  } = options;
  if (typeof codec === "string") {
    if (!codecs.names.includes(codec)) throw unknownCodec(codec, codecs.names);
  } else if (typeof codec?.encode !== "function") throw badOption("codec", "a name or a codec", codec);
  else checkMetric(metric, codec.supports.metrics);
  if (!isMetric(metric)) throw badOption("metric", "cosine, dot or l2", metric);
  if (typeof codecOptions !== "object" || codecOptions === null)
    throw badOption("codecOptions", "an object", codecOptions);
  if (typeof codec !== "string" && Object.keys(codecOptions).length > 0)
    throw badOption("codecOptions", "none for a codec that was made already", codecOptions);
  if (!RESCORE.includes(rescore)) throw badOption("rescore", RESCORE.join(", "), rescore);
  if (!(typeof oversample === "number" && oversample >= 1 && oversample < Infinity))
    throw badOption("oversample", "a number from 1", oversample);
  if (encodeFrom !== undefined && !(Number.isSafeInteger(encodeFrom) && encodeFrom >= 0))
    throw badOption("encodeFrom", "a number of rows from 0", encodeFrom);
  if (!SCORE_KINDS.includes(scoreKind)) throw badOption("scoreKind", SCORE_KINDS.join(" or "), scoreKind);
  return {
    codec,
    codecOptions: { ...codecOptions },
    metric,
    rescore: rescore === true ? "f16" : rescore || undefined,
    oversample,
    encodeFrom,
    scoreKind,
  };
}

export function badOption(option: string, expected: string, actual: unknown): PithError {
  return new PithError("INVALID_OPTION", `option "${option}": expected ${expected}, got ${shown(actual)}`, {
    option,
    expected,
    actual,
  });
}

function unknownOption(option: string, known: readonly string[]): PithError {
  const near = nearestName(option, known);
  const hint = near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`;
  return new PithError("INVALID_OPTION", `unknown option ${quote(option)}; ${hint}`, { option, known });
}
