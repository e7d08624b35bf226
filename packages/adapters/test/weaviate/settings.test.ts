/** What Weaviate is told to do for a codec, and what is made of what it says. */
import type { Codec, Metric } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { binary } from "@pith/int8/binary";
import { turboquant } from "@pith/turboquant";
import { describe, expect, test } from "vitest";
import type { CollectionPlan, Mode, Settings } from "../../src/remote/database.ts";
import {
  chooseSettings,
  collectionSchema,
  trainingUpdate,
  verifySettings,
  type WeaviateSettings,
} from "../../src/weaviate/settings.ts";

const DIM = 96;

function intentOf(mode: Mode, codec: Codec): Omit<CollectionPlan, "native"> {
  return { mode, dim: codec.dim, metric: codec.metric, codec };
}

function planOf(mode: Mode, given: WeaviateSettings = {}, metric: Metric = "cosine"): CollectionPlan {
  const intent = intentOf(mode, int8.create({ dim: DIM, metric }));
  return { ...intent, native: chooseSettings(intent, given) };
}

/** A configuration as the client gives it, of a server that does as it is told. */
function configOf(plan: CollectionPlan): {
  vectorizers: { default: { indexType: string; indexConfig: Record<string, unknown>; vectorizer: object } };
} {
  const schema = collectionSchema("Docs", plan) as {
    vectorIndexType: string;
    vectorIndexConfig: Record<string, unknown>;
  };
  const { skipDefaultQuantization, ...given } = schema.vectorIndexConfig;
  const { distance, skip = false, ...quantizers } = given;
  const [[type, body] = []] = Object.entries(quantizers) as [string, object][];
  return {
    vectorizers: {
      default: {
        vectorizer: { name: "none" },
        indexType: schema.vectorIndexType,
        indexConfig: { distance, skip, ...(type ? { quantizer: { type, ...body } } : {}) },
      },
    },
  };
}

describe("the quantizer that fits", () => {
  test.each([
    ["int8", int8.create({ dim: DIM }), "rq8"],
    ["turboquant of 4 bits", turboquant.create({ dim: DIM, bits: 4 }), "rq4"],
    ["turboquant of 2 bits", turboquant.create({ dim: DIM, bits: 2 }), "rq4"],
    ["binary", binary.create({ dim: 1024 }), "rq1"],
  ])("%s", (_, codec, quantizer) => {
    expect(chooseSettings(intentOf("server", codec), {})["quantizer"]).toBe(quantizer);
  });

  test("a sidecar has rq8 unless it is told otherwise", () => {
    expect(planOf("sidecar").native["quantizer"]).toBe("rq8");
    expect(planOf("sidecar", { quantizer: "none" }).native["quantizer"]).toBe("none");
  });

  test("4 bits have the rescore limit that their documentation asks for", () => {
    expect(planOf("server", { quantizer: "rq4" }).native["rescoreLimit"]).toBe(50);
    expect(planOf("server", { quantizer: "rq4", rescoreLimit: 7 }).native["rescoreLimit"]).toBe(7);
  });
});

test("none is said in so many words: a server may have a default of its own", () => {
  const schema = collectionSchema("Docs", planOf("server", { quantizer: "none" }));
  expect(schema).toMatchObject({ vectorIndexConfig: { skipDefaultQuantization: true, distance: "cosine" } });
});

test("the mode payload has no index of vectors", () => {
  expect(collectionSchema("Docs", planOf("payload"))).toMatchObject({ vectorIndexConfig: { skip: true } });
});

test("codes are in no inverted index", () => {
  const { properties } = collectionSchema("Docs", planOf("sidecar")) as { properties: object[] };
  for (const property of properties)
    expect(property).toMatchObject({ indexFilterable: false, indexSearchable: false });
});

test("replicas catch up by themselves unless that is switched off", () => {
  expect(collectionSchema("Docs", planOf("server", { replicas: 3, shards: 3 }))).toMatchObject({
    replicationConfig: { factor: 3, asyncEnabled: true },
    shardingConfig: { desiredCount: 3 },
  });
  expect(collectionSchema("Docs", planOf("server", { replicas: 3, asyncReplication: false }))).toMatchObject({
    replicationConfig: { factor: 3, asyncEnabled: false },
  });
  expect(collectionSchema("Docs", planOf("server"))).not.toHaveProperty("replicationConfig");
});

describe("what the server says of itself", () => {
  const quantizers = ["none", "rq8", "rq4", "rq1", "bq"] as const;
  const metrics = ["cosine", "dot", "l2"] as const;
  test("as told: nothing to say", () => {
    for (const quantizer of quantizers)
      for (const metric of metrics) {
        const plan = planOf("server", { quantizer }, metric);
        expect(verifySettings("Docs", plan, configOf(plan))).toMatchObject({ quantizer });
      }
    expect(verifySettings("Docs", planOf("payload"), configOf(planOf("payload")))).toMatchObject({
      vectors: "none",
    });
  });

  test("any other quantizer, metric or index than was asked for is a COLLECTION_MISMATCH", () => {
    for (const wanted of quantizers)
      for (const got of quantizers) {
        if (wanted === got) continue;
        const [plan, other] = [planOf("server", { quantizer: wanted }), planOf("server", { quantizer: got })];
        expect(() => verifySettings("Docs", plan, configOf(other))).toThrow(`quantizer is ${got}`);
      }
    for (const wanted of metrics)
      for (const got of metrics) {
        if (wanted === got) continue;
        const config = configOf(planOf("server", {}, got));
        expect(() => verifySettings("Docs", planOf("server", {}, wanted), config)).toThrow(/metric/);
      }
    const flat = configOf(planOf("server", { index: "flat" }));
    expect(() => verifySettings("Docs", planOf("server"), flat)).toThrow("index is flat");
    expect(() => verifySettings("Docs", planOf("payload"), configOf(planOf("server")))).toThrow("is there");
    expect(() => verifySettings("Docs", planOf("server"), configOf(planOf("payload")))).toThrow("is none");
  });

  test("named vectors, a vectorizer and nothing at all are a COLLECTION_MISMATCH, too", () => {
    const plan = planOf("server");
    const { vectorizers } = configOf(plan);
    for (const config of [
      {},
      { vectorizers: {} },
      { vectorizers: { title: vectorizers.default } },
      { vectorizers: { ...vectorizers, title: vectorizers.default } },
      { vectorizers: { default: { ...vectorizers.default, vectorizer: { name: "text2vec-openai" } } } },
    ])
      expect(() => verifySettings("Docs", plan, config)).toThrow(
        expect.objectContaining({ code: "COLLECTION_MISMATCH" }),
      );
  });

  test("a rescore limit may have been changed since, and is reported", () => {
    const plan = planOf("server");
    const config = configOf(plan);
    (
      config.vectorizers.default.indexConfig["quantizer"] as Settings & { rescoreLimit: number }
    ).rescoreLimit = 99;
    expect(verifySettings("Docs", plan, config)["rescoreLimit"]).toBe(99);
  });
});

describe("quantizers that are trained", () => {
  test("are left out when the collection is made, and switched on later", () => {
    for (const quantizer of ["sq", "pq"] as const) {
      const plan = planOf("server", { quantizer, trainingLimit: 1000 });
      expect(collectionSchema("Docs", plan)).toMatchObject({
        vectorIndexConfig: { skipDefaultQuantization: true },
      });
      expect(verifySettings("Docs", plan, configOf(plan))).toMatchObject({
        quantizer: "none",
        trained: false,
      });
      expect(JSON.stringify(trainingUpdate(plan))).toContain(`"type":"${quantizer}"`);
    }
    expect(trainingUpdate(planOf("server"))).toBeUndefined();
  });

  test("pq takes as many bytes as the codec, rounded down to a divisor of the dim", () => {
    const codec = turboquant.create({ dim: DIM, bits: 4 });
    expect(codec.stride).toBeGreaterThan(48);
    expect(chooseSettings(intentOf("server", codec), { quantizer: "pq" })["segments"]).toBe(48);
    expect(planOf("server", { quantizer: "pq", segments: 24 }).native["segments"]).toBe(24);
  });
});

test.each([
  ["quantizer", { quantizer: "rq2" }],
  ["quantizer", { quantizer: "constructor" }],
  ["segments", { quantizer: "pq", segments: 7 }],
  ["rescoreLimit", { quantizer: "rq8", rescoreLimit: -1 }],
  ["rescoreLimit", { quantizer: "bq", rescoreLimit: 5 }],
  ["index", { index: "tree" }],
  ["index", { index: "flat", quantizer: "sq" }],
  ["shards", { shards: 0 }],
  ["replicas", { replicas: 1.5 }],
])("a wrong %s is an INVALID_OPTION: %j", (_, given) => {
  expect(() => planOf("server", given as WeaviateSettings)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});
