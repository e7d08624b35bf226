import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bytes, count, Progress } from "../src/terminal/progress.ts";

/** A stream that remembers; on a terminal or not. */
function stream(isTTY: boolean): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { stream: { isTTY, write } as unknown as NodeJS.WriteStream, written };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("on a terminal", () => {
  test("draws a bar over itself, with share and rate", () => {
    const { stream: out, written } = stream(true);
    const progress = new Progress("compressing", 1000, out);
    vi.advanceTimersByTime(500);
    progress.update(250);
    expect(written).toEqual([`\rcompressing ${"█".repeat(7)}${"░".repeat(21)} 25%  500/s\x1b[K`]);
    vi.advanceTimersByTime(500);
    progress.update(1000);
    expect(written[1]).toBe(`\rcompressing ${"█".repeat(28)} 100%  1,000/s\x1b[K`);
  });

  test("doesn't redraw more often than eyes can see, but always draws the end", () => {
    const { stream: out, written } = stream(true);
    const progress = new Progress("compressing", 1000, out);
    vi.advanceTimersByTime(100);
    for (let done = 1; done <= 1000; done++) progress.update(done);
    expect(written).toHaveLength(2);
    expect(written[1]).toContain("100%");
  });

  test("takes the bar away, so that the result stands alone", () => {
    const { stream: out, written } = stream(true);
    const progress = new Progress("compressing", 10, out);
    vi.advanceTimersByTime(100);
    progress.update(5);
    progress.done();
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  test("writes nothing where nothing was drawn", () => {
    const { stream: out, written } = stream(true);
    new Progress("compressing", 10, out).done();
    expect(written).toEqual([]);
  });
});

describe("elsewhere", () => {
  test("is silent where the work is short", () => {
    const { stream: out, written } = stream(false);
    const progress = new Progress("compressing", 10, out);
    for (let done = 1; done <= 10; done++) progress.update(done);
    progress.done();
    expect(written).toEqual([]);
  });

  test("writes a plain line each ten percent of long work", () => {
    const { stream: out, written } = stream(false);
    const progress = new Progress("compressing", 2000, out);
    vi.advanceTimersByTime(3000);
    for (let done = 0; done <= 2000; done += 50) progress.update(done);
    progress.done();
    expect(written).toHaveLength(10);
    expect(written[0]).toBe("compressing: 10% (200 of 2,000)\n");
    expect(written[9]).toBe("compressing: 100% (2,000 of 2,000)\n");
    expect(written.join("")).not.toContain("\r");
    expect(written.join("")).not.toContain("\x1b");
  });
});

test("numbers for people", () => {
  expect(count(1_234_567)).toBe("1,234,567");
  expect([0, 999, 1000, 12_345, 99_999_999, 2e12].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.00 kB",
    "12.3 kB",
    "100.0 MB",
    "2.00 TB",
  ]);
});
