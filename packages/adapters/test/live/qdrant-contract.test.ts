/** The contract of stores of points over Qdrant's engine, in the modes that search. */
import type { Metric } from "@pith/codec-core";
import { type PointStore, pointStoreContract } from "@pith/contract";
import { int8 } from "@pith/int8";
import { test } from "vitest";
import {
  createQdrant,
  int8Shared,
  type Mode,
  type QdrantSettings,
  type RemoteCollection,
} from "../../src/qdrant/index.ts";
import { engineClient, freshName, withEngine } from "./engine.ts";

interface Held extends PointStore {
  readonly collection: RemoteCollection;
}

function storeOf(collection: RemoteCollection): Held {
  return {
    collection,
    add: (ids, vectors, payloads) => collection.upsert(ids, { vectors, payloads }, { sample: 0 }),
    search: (query, k) => collection.search(query, k),
    delete: (ids) => collection.delete(ids),
    count: () => collection.count(),
    getByIds: async (wanted) => {
      const { ids, payloads } = await collection.fetch(wanted, { payloads: true });
      return ids.map((id, i) => ({ id: id as string, payload: payloads[i] }));
    },
  };
}

interface Case {
  readonly name: string;
  readonly mode: Mode;
  readonly metric: Metric;
  readonly scoreError: number;
  readonly settings?: QdrantSettings;
}

/** The largest |element| of the contract's rows, with room. */
const LARGEST = 64;

const CASES: readonly Case[] = [
  // int8 is off by at most 1/254 of a row's largest element in each element.
  { name: "sidecar, cosine", mode: "sidecar", metric: "cosine", scoreError: 0.03 },
  {
    name: "sidecar, dot, float32",
    mode: "sidecar",
    metric: "dot",
    scoreError: 0.03,
    settings: { datatype: "float32" },
  },
  { name: "sidecar, l2", mode: "sidecar", metric: "l2", scoreError: 0.03 },
  {
    name: "server, cosine, float32, none",
    mode: "server",
    metric: "cosine",
    scoreError: 0,
    settings: { datatype: "float32", quantizer: "none" },
  },
  {
    name: "server, dot, float16, int8 and rescoring",
    mode: "server",
    metric: "dot",
    scoreError: 0.002,
    settings: { quantizer: "int8" },
  },
  { name: "code-as-vector, l2", mode: "code-as-vector", metric: "l2", scoreError: Number.POSITIVE_INFINITY },
];

withEngine("the contract over Qdrant's engine", () => {
  for (const { name, mode, metric, scoreError, settings } of CASES)
    pointStoreContract({
      test,
      name,
      dims: [1, 6, 64],
      supports: { metric, scoreError, exact: mode !== "code-as-vector", zeroVectors: true },
      create: async (dim) => {
        const codec =
          mode === "code-as-vector"
            ? int8Shared.create({ dim, metric, scale: LARGEST / 127 } as { dim: number })
            : int8.create({ dim, metric });
        return storeOf(await createQdrant(engineClient(), freshName("contract"), { codec, mode, settings }));
      },
      dispose: (store) => (store as Held).collection.drop(),
    });
});
