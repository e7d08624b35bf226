/**
 * What a collection in Qdrant is told to do, and whether it does. In the mode "server" the quantizer is chosen to take about as many
 * bits an element as the codec: of Qdrant's own the nearest by ratio. What counts afterwards is what the server says of itself.
 * Source: Qdrant's documentation, "Quantization" (scalar int8; TurboQuant of 4, 2, 1.5 and 1 bits since 1.18).
 */
import { type Metric, nearestName, PithError, quote } from "@pith/codec-core";
import type { CollectionPlan, Settings } from "../remote/database.ts";

/** Qdrant's quantizers that are offered: none, scalar int8, TurboQuant and binary. */
export type QdrantQuantizer = "none" | "int8" | "turbo4" | "turbo2" | "turbo1.5" | "turbo1" | "binary";

export interface QdrantSettings {
  /** How the server keeps vectors. Default "float16"; "float32" for elements beyond 65,504. */
  readonly datatype?: "float16" | "float32" | undefined;
  /** "fit": the one nearest to the codec's rate, the default of the mode "server"; of "sidecar" it is "none". */
  readonly quantizer?: QdrantQuantizer | "fit" | undefined;
  /** Candidates that the server scores again for each wanted hit, from 1. Default: by the quantizer. */
  readonly oversampling?: number | undefined;
  /** Whether the server scores candidates again with the vectors that it keeps. Default true. */
  readonly rescore?: boolean | undefined;
  /** Keep the vectors on disk alone, the quantized ones in memory. Default false. */
  readonly onDisk?: boolean | undefined;
}

interface Kind {
  readonly bits: number;
  readonly oversampling: number;
  readonly config: object | undefined;
}

const turbo = (bits: string): object => ({ turbo: { bits, always_ram: true } });

const KINDS: Readonly<Record<QdrantQuantizer, Kind>> = {
  none: { bits: 32, oversampling: 1, config: undefined },
  int8: {
    bits: 8,
    oversampling: 1.5,
    config: { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
  },
  turbo4: { bits: 4, oversampling: 2, config: turbo("bits4") },
  turbo2: { bits: 2, oversampling: 3, config: turbo("bits2") },
  "turbo1.5": { bits: 1.5, oversampling: 4, config: turbo("bits1_5") },
  turbo1: { bits: 1, oversampling: 4, config: turbo("bits1") },
  binary: { bits: 1, oversampling: 4, config: { binary: { always_ram: true } } },
};

const FITTING: readonly QdrantQuantizer[] = ["turbo1", "turbo1.5", "turbo2", "turbo4", "int8", "none"];

export const DISTANCES: Readonly<Record<Metric, string>> = { cosine: "Cosine", dot: "Dot", l2: "Euclid" };

/** @throws NOT_SUPPORTED (a mode that codec and metric don't go with), INVALID_OPTION */
export function chooseSettings(
  { mode, codec, metric, dim }: Omit<CollectionPlan, "native">,
  given: QdrantSettings,
): Settings {
  if (mode === "payload") return {};
  if (mode === "code-as-vector") {
    if (metric !== "l2")
      throw new PithError(
        "NOT_SUPPORTED",
        `code-as-vector serves l2 alone, got ${metric}: uint8 elements are codes + 128, and a shift changes cosine and dot`,
        {
          metric,
        },
      );
    if (codec.name !== "int8-shared")
      throw new PithError(
        "NOT_SUPPORTED",
        `code-as-vector needs codes of one shared scale (int8-shared), got ${codec.name}: distances of codes with scales of their own don't compare`,
        {
          codec: codec.name,
        },
      );
    return {
      datatype: "uint8",
      quantizer: "none",
      oversampling: 1,
      rescore: false,
      onDisk: given.onDisk ?? false,
    };
  }
  const { datatype = "float16", rescore = true, onDisk = false } = given;
  const wanted = given.quantizer ?? (mode === "server" ? "fit" : "none");
  const rate = (8 * codec.stride) / dim;
  const away = (name: QdrantQuantizer): number => Math.abs(Math.log(KINDS[name].bits / rate));
  const fitting = FITTING.reduce((best, name) => (away(name) < away(best) ? name : best));
  const quantizer = wanted === "fit" ? fitting : wanted;
  if (!Object.hasOwn(KINDS, quantizer)) throw unknown("quantizer", quantizer, ["fit", ...Object.keys(KINDS)]);
  if (datatype !== "float16" && datatype !== "float32")
    throw unknown("datatype", datatype, ["float16", "float32"]);
  const { oversampling = KINDS[quantizer].oversampling } = given;
  if (!(oversampling >= 1) || !Number.isFinite(oversampling))
    throw new PithError(
      "INVALID_OPTION",
      `oversampling: expected a number from 1, got ${String(oversampling)}`,
    );
  return { datatype, quantizer, oversampling, rescore: rescore && quantizer !== "none", onDisk };
}

/** The body that makes a collection. */
export function collectionBody({ mode, dim, metric, native }: CollectionPlan): object {
  if (mode === "payload") return { vectors: {} };
  const { config } = KINDS[native["quantizer"] as QdrantQuantizer];
  return {
    vectors: {
      size: dim,
      distance: DISTANCES[metric],
      datatype: native["datatype"],
      on_disk: native["onDisk"],
    },
    ...(config ? { quantization_config: config } : {}),
  };
}

/** Parameters of a search. */
export function searchParams({ native }: CollectionPlan): object | undefined {
  if (native["quantizer"] === "none") return undefined;
  return { quantization: { rescore: native["rescore"], oversampling: native["oversampling"] } };
}

/**
 * What the server says of a collection.
 * @throws DIM_MISMATCH, COLLECTION_MISMATCH where it isn't what the plan says: another metric, datatype or quantizer, or named vectors
 */
export function verifySettings(collection: string, plan: CollectionPlan, config: object): Settings {
  const { params, quantization_config } = config as {
    params?: { vectors?: unknown };
    quantization_config?: unknown;
  };
  const vectors = (params?.vectors ?? {}) as {
    size?: unknown;
    distance?: unknown;
    datatype?: unknown;
    on_disk?: unknown;
  };
  const differs = (what: string, expected: unknown, actual: unknown): void => {
    if (expected === actual) return;
    throw new PithError(
      what === "dim" ? "DIM_MISMATCH" : "COLLECTION_MISMATCH",
      `Qdrant, collection ${quote(collection)}: the server says that its ${what} is ${String(actual)}, expected ${String(expected)}`,
      { what, expected, actual },
    );
  };
  if (plan.mode === "payload") {
    differs("vector", "none", Object.keys(vectors).length === 0 ? "none" : "there");
    return { vectors: "none" };
  }
  const quantizer = quantizerOf(quantization_config);
  const datatype = vectors.datatype ?? "float32";
  differs("dim", plan.dim, vectors.size ?? "that of named vectors");
  differs("metric", DISTANCES[plan.metric], vectors.distance);
  differs("datatype", plan.native["datatype"], datatype);
  differs("quantizer", plan.native["quantizer"], quantizer);
  return {
    datatype: String(datatype),
    quantizer,
    quantizerBits: quantizer === "none" ? null : KINDS[quantizer as QdrantQuantizer].bits,
    oversampling: plan.native["oversampling"],
    rescore: plan.native["rescore"],
    onDisk: vectors.on_disk === true,
  };
}

function quantizerOf(config: unknown): string {
  if (config === null || config === undefined) return "none";
  const { scalar, turbo, binary } = config as {
    [kind: string]: { type?: unknown; bits?: unknown; encoding?: unknown };
  };
  if (scalar) return String(scalar.type);
  if (turbo)
    return `turbo${String(turbo.bits ?? "bits4")
      .replace("bits", "")
      .replace("_", ".")}`;
  if (binary)
    return (binary.encoding ?? "one_bit") === "one_bit" ? "binary" : `binary ${String(binary.encoding)}`;
  return Object.keys(config).join(", ");
}

function unknown(option: string, actual: string, known: readonly string[]): PithError {
  const near = nearestName(actual, known);
  return new PithError(
    "INVALID_OPTION",
    `${option}: expected ${known.join(", ")}, got ${quote(actual)}${near ? `; did you mean "${near}"?` : ""}`,
    {
      option,
      actual,
    },
  );
}
