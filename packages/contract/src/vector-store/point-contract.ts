/** `pointStoreContract`: what every store of vectors with ids keeps, one in this process or a database behind an adapter. */
import { DEFAULT_SEED, type TestFunction, underLaw } from "../runner.ts";
import { pointInputLaws } from "./point-inputs.ts";
import { POINT_LAWS, type PointLaw } from "./point-laws.ts";
import { type PointChecks, PointPlace } from "./point-place.ts";
import type { PointStoreMaker } from "./point-store.ts";
import { pointLaws } from "./points.ts";

export interface PointStoreContract extends PointStoreMaker {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law. */
  readonly test: TestFunction;
  /** What the tests are named after. Default "store". */
  readonly name?: string;
  /** Dims that each law is tried at. Default 1, 2, 6, 17 and 64. */
  readonly dims?: readonly number[];
  /** Seeds all data; printed in each test's name and failure. */
  readonly seed?: number;
}

const CHECKS: PointChecks<PointLaw> = { ...pointLaws, ...pointInputLaws };

/** Registers the suite. A failing test throws a `LawFailure`: a plain Error with the law, the place and the seed. */
export function pointStoreContract(contract: PointStoreContract): void {
  const { test, name = "store", dims = [1, 2, 6, 17, 64], seed = DEFAULT_SEED } = contract;
  for (const law of Object.keys(POINT_LAWS) as PointLaw[])
    test(`${name}: ${law}: ${POINT_LAWS[law]} (seed ${seed})`, async () => {
      for (const dim of dims)
        await underLaw(law, `${name}, dim ${dim}`, seed, async (t) => {
          const place = new PointPlace(t, contract, dim, seed);
          try {
            await CHECKS[law](place);
          } finally {
            await place.dispose();
          }
        });
    });
}
