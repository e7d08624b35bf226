/** `vectorStoreContract`: what a store of documents with vectors keeps, in the shape of LangChain.js's VectorStore. */
import { DEFAULT_SEED, type TestFunction, underLaw } from "../runner.ts";
import type { DocumentStore, DocumentStoreMaker, StoreSupports } from "./document-store.ts";
import { documentLaws } from "./documents.ts";
import { relevanceLaws } from "./relevance.ts";
import { savingLaws } from "./saving.ts";
import { searchLaws } from "./searches.ts";
import { storeInputLaws } from "./store-inputs.ts";
import { STORE_LAWS, type StoreLaw } from "./store-laws.ts";
import { type StoreChecks, StorePlace } from "./store-place.ts";

export interface VectorStoreContract<Store extends DocumentStore> extends DocumentStoreMaker<Store> {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law. */
  readonly test: TestFunction;
  /** What the tests are named after. Default "store". */
  readonly name?: string;
  /** Dims that the order of hits is tried at; all else has 6. Default 1, 2, 6, 17 and 64. */
  readonly dims?: readonly number[];
  /** Seeds all data; printed in each test's name and failure. */
  readonly seed?: number;
}

const CHECKS: StoreChecks<StoreLaw> = {
  ...documentLaws,
  ...storeInputLaws,
  ...searchLaws,
  ...relevanceLaws,
  ...savingLaws,
};

type Needs = { readonly [L in StoreLaw]?: (supports: StoreSupports) => boolean };

const NEEDS: Needs = {
  "store.delete": (s) => s.ids && s.delete,
  "store.bulk": (s) => s.ids && s.delete,
  "store.missing": (s) => s.ids && s.delete,
  "store.again": (s) => s.ids,
  "store.replace": (s) => s.ids,
  "store.get": (s) => s.ids && s.getByIds,
  "store.unknown": (s) => s.ids && s.getByIds,
  "store.made": (s) => s.ids,
  "store.own": (s) => s.ids,
  "store.points": (s) => s.ids && s.delete && s.getByIds && s.checks,
  "store.zero": (s) => s.zeroVectors,
  "store.filter": (s) => s.filters.length > 0,
  "store.operators": (s) => s.filters.includes("object"),
  "store.input": (s) => s.checks,
  "store.mmr": (s) => s.mmr,
  "store.save": (s) => s.saves !== "none",
  "store.damaged": (s) => s.saves !== "none",
  "store.reopen": (s) => s.reopens,
};

/**
 * Registers a test for each law that the store's manifest doesn't exclude. A failing test throws a `LawFailure`: a plain Error
 * with the law, the place and the seed.
 */
export function vectorStoreContract<Store extends DocumentStore>(contract: VectorStoreContract<Store>): void {
  const { test, name = "store", supports, dims = [1, 2, 6, 17, 64], seed = DEFAULT_SEED } = contract;
  for (const law of Object.keys(STORE_LAWS) as StoreLaw[]) {
    if (NEEDS[law]?.(supports) === false) continue;
    test(`${name}: ${law}: ${STORE_LAWS[law]} (seed ${seed})`, () =>
      underLaw(law, name, seed, async (t) => {
        const place = new StorePlace(t, contract as unknown as DocumentStoreMaker<DocumentStore>, dims, seed);
        try {
          await CHECKS[law](place);
        } finally {
          await place.dispose();
        }
      }));
  }
}
