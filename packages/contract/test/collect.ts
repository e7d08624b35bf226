/** Runs a suite, or the tests of one law in it, with a `test` that collects: which laws failed, and with what. */
import { isLawFailure, type LawFailure, type TestFunction } from "../src/index.ts";

export interface Outcome {
  readonly names: readonly string[];
  /** First failure of each law. */
  readonly failures: ReadonlyMap<string, LawFailure>;
  /** What a test threw that wasn't a LawFailure. */
  readonly strays: readonly unknown[];
}

export async function collect(register: (test: TestFunction) => void, law?: string): Promise<Outcome> {
  const tests: [string, () => void | Promise<void>][] = [];
  register((name, fn) => {
    if (law === undefined || name.includes(`: ${law}: `)) tests.push([name, fn]);
  });
  const failures = new Map<string, LawFailure>();
  const strays: unknown[] = [];
  for (const [, fn] of tests)
    try {
      await fn();
    } catch (error) {
      if (!isLawFailure(error)) strays.push(error);
      else if (!failures.has(error.law)) failures.set(error.law, error);
    }
  return { names: tests.map(([name]) => name), failures, strays };
}
