import { describe, expect, test } from "vitest";
import { goalLines, langchainGoals, langchainReport, langchainTable } from "../src/langchain-table.mjs";

const MIB = 2 ** 20;
const store = (mebibytes: number, searchesPerSecond: number, recall10: number) => ({
  memoryBytes: { larger: mebibytes * MIB, process: mebibytes * MIB, heap: (mebibytes * MIB) / 2 },
  buildSeconds: 1.5,
  searchesPerSecond,
  recall10,
});
const run = (ours: ReturnType<typeof store>, milliseconds = 400) => ({
  dataset: "debian",
  documents: 20_000,
  queries: 500,
  dim: 384,
  stores: { "PithVectorStore int8": ours, MemoryVectorStore: store(60, 30, 1) },
  open: { documents: 100_000, open: milliseconds, firstHits: 5, load: 300 },
});
const met = (report: ReturnType<typeof run>): boolean[] => langchainGoals(report).map((goal) => goal.met);

describe("the table of LangChain's stores", () => {
  test("shows each store with its share of MemoryVectorStore's memory and its multiple of its speed", () => {
    const lines = langchainTable(run(store(15, 1500, 0.995))).split("\n");
    expect(lines).toContain(
      "| PithVectorStore int8 | 15.0 (1/4.0) | 15.0 | 7.5 | 1.50 | 1500 (50.0×) | 0.9950 |",
    );
    expect(lines).toContain("| MemoryVectorStore | 60.0 (1/1.0) | 60.0 | 30.0 | 1.50 | 30 (1.0×) | 1.0000 |");
    expect(lines.at(-1)).toMatch(/^A folder of 100000 documents: open in 400 ms/);
  });

  test("says of each goal whether it is met", () => {
    expect(met(run(store(20, 300, 0.99)))).toEqual([true, true, true, true]);
    expect(goalLines(run(store(20, 300, 0.99)))[3]).toBe(
      "met: 100,000 documents open in less than a second, in ms (400)",
    );
    expect(goalLines(run(store(21, 300, 0.99)))[0]).toBe(
      "MISSED: memory at most 1/3 of MemoryVectorStore's (0.350)",
    );
    expect(met(run(store(21, 299, 0.989), 1000))).toEqual([false, false, false, false]);
  });

  test("has no goals where a store or the folder wasn't measured", () => {
    const { stores, ...rest } = run(store(20, 300, 0.99));
    const alone = { ...rest, stores: { MemoryVectorStore: stores.MemoryVectorStore }, open: null };
    expect(langchainGoals(alone)).toEqual([]);
    expect(langchainTable(alone)).not.toContain("A folder");
  });

  test("names chip, commit, command and file", () => {
    const text = langchainReport({
      ...run(store(20, 300, 0.99)),
      machine: { cpu: "A chip", cores: 2, node: "20.20.2" },
      commit: "0123456789abcdef",
      dirty: false,
      command: "bench:langchain --cpu 0",
      date: "2026-01-31T00:00:00.000Z",
      rounds: 3,
      file: "some.json",
    });
    for (const fact of [
      "A chip",
      "`0123456789ab`",
      "`bench:langchain --cpu 0`",
      "results/langchain/some.json",
    ])
      expect(text).toContain(fact);
  });
});
