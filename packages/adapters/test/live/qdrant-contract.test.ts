/** The contract of stores of points over Qdrant's engine, in the modes that search. */
import type { Metric } from "@pith/codec-core";
import { pointStoreContract } from "@pith/contract";
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
import { pointsOf } from "./points-of.ts";

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
  { name: "sidecar, l2", mode: "sidecar", metric: "l2", scoreError: 0.03 },
  {
    name: "server, dot, float16, int8 and rescoring",
    mode: "server",
    metric: "dot",
    scoreError: 0.002,
    settings: { quantizer: "int8" },
  },
  { name: "code-as-vector, l2", mode: "code-as-vector", metric: "l2", scoreError: Number.POSITIVE_INFINITY },
];

/** Of the stores that the contract was given. */
const collections = new WeakMap<object, RemoteCollection>();

withEngine("the contract over Qdrant's engine", () => {
  for (const { name, mode, metric, scoreError, settings } of CASES)
    pointStoreContract({
      test,
      name,
      // A collection takes most of a second to make and to drop.
      dims: [6],
      supports: { metric, scoreError, exact: mode !== "code-as-vector", zeroVectors: true },
      create: async (dim) => {
        const codec =
          mode === "code-as-vector"
            ? int8Shared.create({ dim, metric, scale: LARGEST / 127 } as { dim: number })
            : int8.create({ dim, metric });
        const collection = await createQdrant(engineClient(), freshName("contract"), {
          codec,
          mode,
          settings,
        });
        const store = pointsOf(collection);
        collections.set(store, collection);
        return store;
      },
      dispose: async (store) => await collections.get(store)?.drop(),
    });
});
