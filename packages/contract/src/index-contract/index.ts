/** `indexContract`: every law for indexes of string, number and bigint ids, new ones and ones that were saved and loaded. */
import { DEFAULT_SEED, type TestFunction, underLaw } from "../runner.ts";
import { contentLaws } from "./contents.ts";
import { INDEX_LAWS, type IndexLaw } from "./laws.ts";
import { modelLaws } from "./model.ts";
import { offLoopLaws } from "./off-loop.ts";
import { type IndexChecks, type IndexMaker, Place } from "./place.ts";
import { savingLaws } from "./saving.ts";
import { searchLaws } from "./searching.ts";
import type { IdKind } from "./vector-index.ts";

export interface IndexContract extends IndexMaker {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law. */
  readonly test: TestFunction;
  /** What the tests are named after. Default "index". */
  readonly name?: string;
  /** Kinds of id that the index takes. Default all three. */
  readonly idKinds?: readonly IdKind[];
  /** Seeds all data; printed in each test's name and failure. */
  readonly seed?: number;
}

const CHECKS: IndexChecks<IndexLaw> = {
  ...modelLaws,
  ...contentLaws,
  ...offLoopLaws,
  ...searchLaws,
  ...savingLaws,
};

/** Registers the suite. A failing test throws a `LawFailure`: a plain Error with the law, the place and the seed. */
export function indexContract(contract: IndexContract): void {
  const { test, name = "index", idKinds = ["string", "number", "bigint"], seed = DEFAULT_SEED } = contract;
  for (const kind of idKinds)
    for (const reloaded of [false, true])
      for (const law of Object.keys(INDEX_LAWS) as IndexLaw[]) {
        const where = `${name}${reloaded ? ", saved and reloaded," : ""} of ${kind} ids`;
        test(`${where}: ${law}: ${INDEX_LAWS[law]} (seed ${seed})`, () =>
          underLaw(law, where, seed, (t) => CHECKS[law](new Place(t, contract, kind, seed, reloaded))));
      }
}
