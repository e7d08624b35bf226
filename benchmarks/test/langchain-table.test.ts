import { describe, expect, test } from "vitest";
import { langchainGoals, langchainTable } from "../src/langchain-table.mjs";

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
    expect(lines.at(-1)).toBe("met: 100,000 documents open in less than a second, in ms (400)");
  });

  test("says of each goal whether it is met", () => {
    expect(met(run(store(20, 300, 0.99)))).toEqual([true, true, true, true]);
    expect(met(run(store(21, 299, 0.989), 1000))).toEqual([false, false, false, false]);
  });

  test("has no goals where a store or the folder wasn't measured", () => {
    const { stores, ...rest } = run(store(20, 300, 0.99));
    const alone = { ...rest, stores: { MemoryVectorStore: stores.MemoryVectorStore }, open: null };
    expect(langchainGoals(alone)).toEqual([]);
    expect(langchainTable(alone)).not.toContain("met");
  });
});
