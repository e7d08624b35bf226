/** The part of a store's settings that is written beside its documents, and read back. */
import { canonicalJson, isMetric, type Metric, PithError } from "@pith/codec-core";
import type { CodecOptions } from "./codecs.ts";
import { type PithStoreOptions, type RescoreKind, readSettings, type StoreSettings } from "./options.ts";

export interface StoredSettings {
  /** Name of the codec. */
  readonly codec: string;
  /** Null for a codec that was given ready. */
  readonly codecOptions: CodecOptions | null;
  readonly metric: Metric;
  readonly rescore: RescoreKind | null;
  readonly encodeFrom: number | null;
}

export function storedSettings({
  codec,
  codecOptions,
  metric,
  rescore,
  encodeFrom,
}: StoreSettings): StoredSettings {
  const named = typeof codec === "string";
  return {
    codec: named ? codec : codec.name,
    codecOptions: (named && codecOptions) || null,
    metric,
    rescore: rescore ?? null,
    encodeFrom: encodeFrom ?? null,
  };
}

/** @throws CORRUPT_FILE */
export function checkStored(value: unknown): StoredSettings {
  const { codec, codecOptions, metric, rescore, encodeFrom } = (value ?? {}) as Partial<StoredSettings>;
  const fits =
    typeof codec === "string" &&
    typeof codecOptions === "object" &&
    isMetric(metric) &&
    [null, "f16", "f32", "int8"].includes(rescore as RescoreKind | null) &&
    (encodeFrom === null || Number.isSafeInteger(encodeFrom));
  if (fits) return value as StoredSettings;
  throw new PithError("CORRUPT_FILE", "the settings of the store aren't as any version writes them");
}

/**
 * The settings of a store that is there, with those options that don't change what it holds taken from the caller.
 * @throws CODEC_MISMATCH, INVALID_OPTION where the caller asks for another store than is there
 */
export function agreedSettings(
  stored: StoredSettings,
  options: PithStoreOptions,
  more: readonly string[] = [],
): StoreSettings {
  const given = readSettings(options, more);
  const asked = storedSettings(given);
  if (options.codec !== undefined && asked.codec !== stored.codec)
    throw new PithError("CODEC_MISMATCH", `the store has the codec ${stored.codec}, not ${asked.codec}`, {
      expected: stored.codec,
      actual: asked.codec,
    });
  for (const name of ["codecOptions", "metric", "rescore", "encodeFrom"] as const) {
    if (options[name] === undefined) continue;
    const [expected, actual] = [canonicalJson(stored[name]), canonicalJson(asked[name])];
    if (expected !== actual)
      throw new PithError(
        "INVALID_OPTION",
        `option "${name}": the store has ${expected}, not ${actual}; make a new store to change it`,
        { option: name, expected: stored[name], actual: asked[name] },
      );
  }
  return {
    ...given,
    codec: typeof given.codec === "string" ? stored.codec : given.codec,
    codecOptions: stored.codecOptions ?? undefined,
    metric: stored.metric,
    rescore: stored.rescore ?? undefined,
    encodeFrom: stored.encodeFrom ?? undefined,
  };
}
