/**
 * Assertions that belong to no test runner: each failure is a plain Error that names the law, the place (codec,
 * metric, dim, backend) and the seed, and carries `expected` and `actual`, which runners print as a difference.
 */
import { type ErrorCode, isPithError, type PithError } from "@pith/codec-core";

/** What a broken law throws. */
export interface LawFailure extends Error {
  readonly law: string;
  readonly seed: number;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

export function isLawFailure(error: unknown): error is LawFailure {
  return error instanceof Error && typeof (error as Partial<LawFailure>).law === "string";
}

type Numbers = ArrayLike<number>;

export class Assert {
  readonly law: string;
  readonly seed: number;
  readonly #where: string;

  constructor(law: string, where: string, seed: number) {
    this.law = law;
    this.seed = seed;
    this.#where = where;
  }

  fail(what: string, expected?: unknown, actual?: unknown, cause?: unknown): never {
    const error = new Error(`[${this.law}] ${this.#where}, seed ${this.seed}: ${what}`, { cause });
    throw Object.assign(error, { law: this.law, seed: this.seed, expected, actual });
  }

  ok(condition: boolean, what: string): void {
    if (!condition) this.fail(what, true, false);
  }

  /** Numbers and strings by value; NaN equals NaN, 0 equals -0. */
  equal(actual: unknown, expected: unknown, what: string): void {
    if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return;
    this.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`, expected, actual);
  }

  /** Element by element, exactly. */
  same(actual: Numbers, expected: Numbers, what: string): void {
    this.equal(actual.length, expected.length, `${what}, length`);
    for (let i = 0; i < expected.length; i++)
      if (actual[i] !== expected[i] && !(Number.isNaN(actual[i]) && Number.isNaN(expected[i])))
        this.fail(
          `${what}: element ${i}: expected ${expected[i]}, got ${actual[i]}`,
          Array.from(expected),
          Array.from(actual),
        );
  }

  /** Element by element within `tolerance` (one for all, or one for each). Equal infinities are near. */
  near(actual: Numbers, expected: Numbers, tolerance: number | Numbers, what: string): void {
    this.equal(actual.length, expected.length, `${what}, length`);
    for (let i = 0; i < expected.length; i++) {
      const allowed = typeof tolerance === "number" ? tolerance : tolerance[i];
      if (actual[i] === expected[i] || Math.abs(actual[i] - expected[i]) <= allowed) continue;
      this.fail(
        `${what}: element ${i}: expected ${expected[i]} within ${allowed}, got ${actual[i]}`,
        expected[i],
        actual[i],
      );
    }
  }

  /** Runs `action`, which has to throw a PithError with this code (any code if none is given). */
  throws(code: ErrorCode | readonly ErrorCode[] | undefined, action: () => unknown, what: string): PithError {
    const wanted = code === undefined ? "a PithError" : [code].flat().join(" or ");
    try {
      action();
    } catch (error) {
      return this.#expected(error, code, wanted, what);
    }
    this.fail(`${what}: expected ${wanted}, but nothing was thrown`, wanted, "no error");
  }

  /** As `throws`, for a promise that has to reject (a synchronous throw counts too). */
  async rejects(
    code: ErrorCode | undefined,
    action: () => Promise<unknown>,
    what: string,
  ): Promise<PithError> {
    const wanted = code ?? "a PithError";
    try {
      await action();
    } catch (error) {
      return this.#expected(error, code, wanted, what);
    }
    this.fail(`${what}: expected ${wanted}, but nothing was thrown`, wanted, "no error");
  }

  /** Runs `action`, which may refuse with a PithError but throw nothing else. Undefined where it refused. */
  total<T>(action: () => T, what: string): T | undefined {
    try {
      return action();
    } catch (error) {
      if (isPithError(error)) return undefined;
      this.fail(`${what}: expected a PithError or a result, got ${show(error)}`, "PithError", error, error);
    }
  }

  #expected(
    error: unknown,
    code: ErrorCode | readonly ErrorCode[] | undefined,
    wanted: string,
    what: string,
  ): PithError {
    const fits = isPithError(error) && (code === undefined || [code].flat().includes(error.code));
    if (!fits) this.fail(`${what}: expected ${wanted}, got ${show(error)}`, wanted, error, error);
    return error;
  }
}

function show(value: unknown): string {
  if (isPithError(value)) return `${value.code} (${value.message})`;
  if (value instanceof Error) return `${value.name} (${value.message})`;
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "string" || (typeof value === "object" && value !== null)
    ? JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v))
    : String(value);
}
