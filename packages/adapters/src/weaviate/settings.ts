/**
 * What a collection in Weaviate is told to do, and whether it does. In the mode "server" the quantizer is chosen to take about
 * as many bits an element as the codec: of rotational quantization (RQ) the one with the fewest bits that isn't below it.
 * What counts afterwards is what the server says of itself: it may have a quantizer of its own for collections that name none
 * (DEFAULT_QUANTIZATION), and clients have been known to drop the bits of RQ on the way. So "none" is said in so many words,
 * and everything is read back.
 * Source: Weaviate's documentation, "Vector quantization" (RQ of 8 bits since 1.32, 1 bit since 1.33, 4 bits as a preview
 * since 1.39, which wants a rescore limit of about 50).
 */
import { type Metric, nearestName, PithError, quote } from "@pith/codec-core";
import type { CollectionPlan, Settings } from "../remote/database.ts";
import { ENVELOPE_FIELD, ORIGINAL_FIELD } from "../remote/envelope.ts";
import type { WeaviateBody } from "./client.ts";
import { JSON_FIELD } from "./payload.ts";

/** Weaviate's quantizers: none, rotational of 8, 4 and 1 bits, binary, scalar, product. The last two are trained: `trainWeaviate`. */
export type WeaviateQuantizer = "none" | "rq8" | "rq4" | "rq1" | "bq" | "sq" | "pq";

export interface WeaviateSettings {
  /** "fit": the one nearest to the codec's rate, the default of the mode "server"; of "sidecar" it is "rq8". */
  readonly quantizer?: WeaviateQuantizer | "fit" | undefined;
  /**
   * Candidates that the server scores again from the float32 vectors that it keeps, from 0: of rq and sq. Default: 20 for rq8 and
   * sq, 50 for rq4, 512 for rq1.
   */
  readonly rescoreLimit?: number | undefined;
  /**
   * "hnsw": a graph; "flat": every vector is compared, for collections of some ten thousands, without sq and pq. Default "hnsw".
   * Under dot with vectors of very different lengths the graph may not lead to every vector.
   */
  readonly index?: "hnsw" | "flat" | undefined;
  /** Parts of a vector that take a byte each, of pq: divides the dim. Default: the largest not above the codec's stride. */
  readonly segments?: number | undefined;
  /** Vectors that sq and pq are trained on at most. Default 100,000. */
  readonly trainingLimit?: number | undefined;
  /** Shards of a new collection, from 1. Default: the server's own, one a node. */
  readonly shards?: number | undefined;
  /** Nodes that hold each shard of a new collection, from 1. Default: the server's own, mostly 1. */
  readonly replicas?: number | undefined;
  /**
   * Whether replicas that missed writes are brought up to date by the server, of a new collection. Default: true where `replicas`
   * is above 1. Without it a node that was away goes on without them until each is read by its id.
   */
  readonly asyncReplication?: boolean | undefined;
}

interface Kind {
  readonly type: "rq" | "bq" | "sq" | "pq" | undefined;
  readonly bits: number;
  /** Undefined where there is no such setting. */
  readonly rescoreLimit?: number;
  /** Whether it is switched on when there are vectors to learn from. */
  readonly trained?: true;
}

const KINDS: Readonly<Record<WeaviateQuantizer, Kind>> = {
  none: { type: undefined, bits: 32 },
  rq8: { type: "rq", bits: 8, rescoreLimit: 20 },
  rq4: { type: "rq", bits: 4, rescoreLimit: 50 },
  rq1: { type: "rq", bits: 1, rescoreLimit: 512 },
  bq: { type: "bq", bits: 1 },
  sq: { type: "sq", bits: 8, rescoreLimit: 20, trained: true },
  pq: { type: "pq", bits: 8, trained: true },
};

/** Fewest bits first. */
const FITTING: readonly WeaviateQuantizer[] = ["rq1", "rq4", "rq8"];

const DISTANCES: Readonly<Record<Metric, string>> = { cosine: "cosine", dot: "dot", l2: "l2-squared" };

/** @throws INVALID_OPTION */
export function chooseSettings(
  { mode, codec, dim }: Omit<CollectionPlan, "native">,
  given: WeaviateSettings,
): Settings {
  const shards = optional("shards", given.shards, 1);
  const replicas = optional("replicas", given.replicas, 1);
  const asyncReplication = given.asyncReplication ?? (replicas === null || replicas === 1 ? null : true);
  const place = { shards, replicas, asyncReplication };
  if (mode === "payload") return place;
  const wanted = given.quantizer ?? (mode === "server" ? "fit" : "rq8");
  const rate = (8 * codec.stride) / dim;
  const fitting = FITTING.find((name) => KINDS[name].bits >= rate * 0.9) ?? (rate > 16 ? "none" : "rq8");
  const quantizer = wanted === "fit" ? fitting : wanted;
  if (!Object.hasOwn(KINDS, quantizer)) throw unknown(quantizer);
  const kind = KINDS[quantizer];
  const segments = quantizer === "pq" ? (given.segments ?? divisorUpTo(dim, codec.stride)) : null;
  if (segments !== null && (!Number.isSafeInteger(segments) || segments < 1 || dim % segments !== 0))
    throw new PithError("INVALID_OPTION", `segments: expected a divisor of the dim ${dim}, got ${segments}`, {
      option: "segments",
      actual: segments,
    });
  if (given.rescoreLimit !== undefined && kind.rescoreLimit === undefined)
    throw new PithError("INVALID_OPTION", `rescoreLimit: Weaviate's ${quantizer} has none`, {
      option: "rescoreLimit",
    });
  const { index = "hnsw" } = given;
  if (index !== "hnsw" && index !== "flat")
    throw new PithError("INVALID_OPTION", `index: expected hnsw or flat, got ${quote(String(index))}`, {
      option: "index",
    });
  if (index === "flat" && kind.trained)
    throw new PithError("INVALID_OPTION", `index: Weaviate's flat index has no ${quantizer}`, {
      option: "index",
    });
  return {
    index,
    quantizer,
    rescoreLimit: optional("rescoreLimit", given.rescoreLimit, 0) ?? kind.rescoreLimit ?? null,
    segments,
    trainingLimit: kind.trained ? (optional("trainingLimit", given.trainingLimit, 256) ?? 100_000) : null,
    ...place,
  };
}

/** The schema of a class for the collection, and the properties that are ours. */
export function collectionSchema(name: string, { mode, metric, native }: CollectionPlan): object {
  const kind = KINDS[(native["quantizer"] ?? "none") as WeaviateQuantizer];
  const quantizer = kind.trained ? {} : quantizerBody(native);
  return {
    class: name,
    description: `Pith: ${mode}`,
    vectorizer: "none",
    vectorIndexType: native["index"] ?? "hnsw",
    vectorIndexConfig: {
      distance: DISTANCES[metric],
      // No index where there are no vectors.
      ...(mode === "payload" ? { skip: true } : {}),
      ...(Object.keys(quantizer).length > 0 ? quantizer : { skipDefaultQuantization: true }),
    },
    properties: [ENVELOPE_FIELD, ORIGINAL_FIELD, JSON_FIELD].map(textProperty),
    ...placeOf(native),
  };
}

/** Shards and replicas of a class, where they are given. */
export function placeOf({ shards, replicas, asyncReplication }: Settings): object {
  const replication = {
    ...(typeof replicas === "number" ? { factor: replicas } : {}),
    ...(typeof asyncReplication === "boolean" ? { asyncEnabled: asyncReplication } : {}),
  };
  return {
    ...(typeof shards === "number" ? { shardingConfig: { desiredCount: shards } } : {}),
    ...(Object.keys(replication).length > 0 ? { replicationConfig: replication } : {}),
  };
}

/** Kept with the object and in no index: an inverted index of codes would be larger than the codes. */
export function textProperty(name: string): object {
  return { name, dataType: ["text"], indexFilterable: false, indexSearchable: false, tokenization: "field" };
}

/** The change of a collection's configuration that trains its quantizer; undefined where there is nothing to train. */
export function trainingUpdate({ native }: CollectionPlan): object | undefined {
  const { type, trained } = KINDS[(native["quantizer"] ?? "none") as WeaviateQuantizer];
  if (!trained) return undefined;
  const body = (quantizerBody(native) as Record<string, object>)[type as string];
  const { enabled, ...quantizer } = body as { enabled: boolean };
  return {
    vectorizers: {
      name: "default",
      vectorIndex: { name: "hnsw", config: { quantizer: { type, ...quantizer } } },
    },
  };
}

/** As a schema says it; empty for none. */
function quantizerBody(native: Settings): object {
  const { type, bits, trained } = KINDS[(native["quantizer"] ?? "none") as WeaviateQuantizer];
  if (type === undefined) return {};
  const { rescoreLimit, segments, trainingLimit } = native;
  return {
    [type]: {
      enabled: true,
      ...(type === "rq" ? { bits } : {}),
      ...(typeof rescoreLimit === "number" ? { rescoreLimit } : {}),
      ...(typeof segments === "number" ? { segments, centroids: 256 } : {}),
      ...(trained ? { trainingLimit } : {}),
    },
  };
}

/**
 * What the server says of a collection. `config`: as the client gives it.
 * @throws COLLECTION_MISMATCH where it isn't what the plan says: another metric, quantizer or index, or named vectors. sq and pq
 * that aren't trained yet are "none"; a rescore limit may be changed at any time, and so may differ
 */
export function verifySettings(collection: string, plan: CollectionPlan, config: WeaviateBody): Settings {
  const { mode, metric, native } = plan;
  const differs = (what: string, expected: unknown, actual: unknown): void => {
    if (expected === actual) return;
    throw new PithError(
      "COLLECTION_MISMATCH",
      `Weaviate, collection ${quote(collection)}: the server says that its ${what} is ${String(actual)}, expected ${String(expected)}`,
      { what, expected, actual },
    );
  };
  const vectors = config?.vectorizers ?? {};
  differs("vectors", "default", Object.keys(vectors).join(", "));
  const { indexType, indexConfig = {}, vectorizer } = vectors.default;
  differs("vectorizer", "none", vectorizer?.name ?? "none");
  differs("index", native["index"] ?? "hnsw", indexType);
  const place = {
    shards: numberOrNull(config?.sharding?.actualCount),
    replicas: numberOrNull(config?.replication?.factor),
    asyncReplication: config?.replication?.asyncEnabled === true,
  };
  differs("index of vectors", mode === "payload" ? "none" : "there", indexConfig.skip ? "none" : "there");
  if (mode === "payload") return { vectors: "none", ...place };
  differs("metric", DISTANCES[metric], indexConfig.distance);
  const quantizer = quantizerOf(indexConfig.quantizer);
  const expected = native["quantizer"] as WeaviateQuantizer;
  const untrained = KINDS[expected].trained === true && quantizer === "none";
  if (!untrained) differs("quantizer", expected, quantizer);
  return {
    index: String(indexType),
    quantizer,
    quantizerBits: quantizer === "none" ? null : KINDS[expected].bits,
    rescoreLimit: numberOrNull(indexConfig.quantizer?.rescoreLimit),
    ...(KINDS[expected].trained ? { trained: !untrained } : {}),
    ...place,
  };
}

function quantizerOf(quantizer: WeaviateBody): string {
  if (quantizer === undefined || quantizer === null) return "none";
  return quantizer.type === "rq" ? `rq${quantizer.bits}` : String(quantizer.type);
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function divisorUpTo(dim: number, most: number): number {
  let segments = Math.min(dim, most);
  while (dim % segments !== 0) segments--;
  return segments;
}

function optional(option: string, value: number | undefined, least: number): number | null {
  if (value === undefined) return null;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new PithError(
    "INVALID_OPTION",
    `${option}: expected an integer from ${least}, got ${String(value)}`,
    {
      option,
      actual: value,
    },
  );
}

function unknown(actual: string): PithError {
  const known = ["fit", ...Object.keys(KINDS)];
  const near = nearestName(String(actual), known);
  return new PithError(
    "INVALID_OPTION",
    `quantizer: expected ${known.join(", ")}, got ${quote(String(actual))}${near ? `; did you mean "${near}"?` : ""}`,
    { option: "quantizer", actual },
  );
}
