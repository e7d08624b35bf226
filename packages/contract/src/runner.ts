/**
 * The only thing that is asked of a test runner: to take a name and a function. `test` of vitest and node:test and
 * `it` of mocha fit as they are.
 */
import { Assert, isLawFailure } from "./assert.ts";

export type TestFunction = (name: string, fn: () => void | Promise<void>) => unknown;

export const DEFAULT_SEED = 20_260_101;

/** Runs a check with an Assert; an error that isn't one of its failures becomes one, with the place and the cause. */
export async function underLaw(
  law: string,
  where: string,
  seed: number,
  check: (t: Assert) => void | Promise<void>,
): Promise<void> {
  const t = new Assert(law, where, seed);
  try {
    await check(t);
  } catch (error) {
    if (isLawFailure(error)) throw error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    t.fail(`unexpected ${text}`, "no error", error, error);
  }
}
