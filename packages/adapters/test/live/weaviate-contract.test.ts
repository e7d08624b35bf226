/** The contract of stores of points, over a real Weaviate. */
import type { Codec, Metric } from "@pith/codec-core";
import { pointStoreContract } from "@pith/contract";
import { int8 } from "@pith/int8";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { WeaviateClient } from "weaviate-client";
import type { RemoteCollection } from "../../src/remote/collection.ts";
import { createWeaviate, type Mode, type WeaviateQuantizer } from "../../src/weaviate/index.ts";
import { pointsOf } from "./points-of.ts";
import { connect, newName, place } from "./weaviate-place.ts";

describe.skipIf(!place)("Weaviate", () => {
  let client: WeaviateClient;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client?.close());

  const stores = new Map<object, RemoteCollection>();
  const contract = (
    mode: Mode,
    metric: Metric,
    settings: { quantizer: WeaviateQuantizer; index: "hnsw" | "flat" },
    scoreError: number,
  ): void =>
    pointStoreContract({
      test: it,
      name: `Weaviate, ${mode}, ${metric}, ${settings.quantizer}, ${settings.index}`,
      // Requests take half a second: the client looks that often whether a batch is ready.
      dims: [6],
      supports: { metric, scoreError, exact: false, zeroVectors: true },
      create: async (dim) => {
        const codec: Codec = int8.create({ dim, metric });
        const collection = await createWeaviate(client, newName(), { codec, mode, settings });
        const store = pointsOf(collection);
        stores.set(store, collection);
        return store;
      },
      dispose: async (store) => {
        await stores.get(store)?.drop();
        stores.delete(store);
      },
    });
  contract("server", "cosine", { quantizer: "none", index: "hnsw" }, 0);
  contract("server", "l2", { quantizer: "rq8", index: "hnsw" }, Number.POSITIVE_INFINITY);
  // A graph under dot doesn't lead to every vector.
  contract("sidecar", "dot", { quantizer: "none", index: "flat" }, Number.POSITIVE_INFINITY);
});
