import { describe, expect, test } from "vitest";
import { serverText } from "../../src/remote/http-failure.ts";
import { Retrier, type RetryOptions } from "../../src/remote/retry.ts";
import { answer, MemoryDatabase } from "./memory-database.ts";

/** Fails with these in turn, then answers. */
function failing(...failures: readonly unknown[]): () => Promise<string> {
  const left = [...failures];
  return async () => {
    if (left.length > 0) throw left.shift();
    return "done";
  };
}

function retrier(options: RetryOptions = {}): { run: Retrier; waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return { run: new Retrier(new MemoryDatabase(), { sleep, random: () => 0.5, ...options }), waits };
}

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

describe("retries", () => {
  test("waits double up to the longest, times a random number", async () => {
    const { run, waits } = retrier({ longest: 1000, attempts: 7 });
    expect(await run.run(failing(...Array(6).fill(answer(503))))).toBe("done");
    expect(waits).toEqual([100, 200, 400, 500, 500, 500]);
  });

  test("never sooner than the server asks for", async () => {
    const { run, waits } = retrier();
    await run.run(failing(answer(429, { retryAfter: 3000 }), answer(429, { retryAfter: 1 }), reset));
    expect(waits).toEqual([3000, 200, 400]);
  });

  test("a server that asks for too long has failed", async () => {
    const { run, waits } = retrier({ longestAsked: 5000 });
    await expect(run.run(failing(answer(429, { retryAfter: 5001 })))).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(waits).toEqual([]);
  });

  test("gives up after so many attempts, and says how many", async () => {
    const { run, waits } = retrier({ attempts: 3 });
    await expect(run.run(failing(reset, reset, reset))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: 'Memory, collection "things": the connection was reset (tried 3 times)',
      details: { attempts: 3 },
    });
    expect(waits).toHaveLength(2);
  });

  for (const [status, code] of [
    [400, "REMOTE_REFUSED"],
    [401, "UNAUTHORIZED"],
    [403, "UNAUTHORIZED"],
    [404, "REMOTE_REFUSED"],
    [413, "LIMIT_EXCEEDED"],
    [422, "REMOTE_REFUSED"],
    [501, "REMOTE_REFUSED"],
  ] as const)
    test(`${status} isn't tried again: ${code}`, async () => {
      const { run, waits } = retrier();
      await expect(run.run(failing(answer(status)))).rejects.toMatchObject({ code, details: { status } });
      expect(waits).toEqual([]);
    });

  test("what the server said on 401 isn't repeated: it may hold the key", async () => {
    const { run } = retrier();
    const error = await run.run(failing(answer(401, { message: "bad key sesame" }))).catch((e: unknown) => e);
    expect(
      JSON.stringify([error, (error as Error).message, (error as Error).stack, (error as Error).cause]),
    ).not.toContain("sesame");
  });

  test("what a server says is one short line that no terminal obeys", async () => {
    const { run } = retrier();
    const said = serverText(`no\r\n\u001b[31mroom\u202e ${"x".repeat(1000)} sesame`, ["sesame"]);
    expect(said).toMatch(/^no \[31mroom x+…$/);
    expect(said.length).toBeLessThan(400);
    expect(serverText("sesame, open sesame", ["sesame", ""])).toBe("***, open ***");
    await expect(run.run(failing(answer(400, { message: said })))).rejects.toThrow(/^[^\n]+$/);
  });

  test("an answer that takes too long counts as none", async () => {
    const { run, waits } = retrier({ timeout: 5, attempts: 2 });
    await expect(run.run(() => new Promise(() => {}))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("no answer within 5 ms (tried 2 times)"),
    });
    expect(waits).toHaveLength(1);
  });

  test("an abort ends a request at once, and a wait", async () => {
    const { run } = retrier();
    const abort = new AbortController();
    const endless = run.run(() => new Promise(() => {}), abort.signal);
    abort.abort();
    await expect(endless).rejects.toMatchObject({ code: "ABORTED" });
    const real = new Retrier(new MemoryDatabase(), { first: 1e6, longest: 1e9, random: () => 0.9 });
    const second = new AbortController();
    const waiting = real.run(failing(reset), second.signal, () => setTimeout(() => second.abort(), 1));
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await expect(run.run(failing(), abort.signal)).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("options are checked", () => {
    for (const bad of [{ attempts: 0 }, { first: -1 }, { timeout: 0 }, { longest: Number.NaN }])
      expect(() => retrier(bad)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });
});
