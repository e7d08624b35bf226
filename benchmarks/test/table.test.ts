import { describe, expect, test } from "vitest";
import { outOfStep, tables, withTables } from "../src/tables.mjs";

const row = (name: string, ours: boolean, single: number) => ({
  name,
  ours,
  runtime: "node",
  bytesPerVector: { code: 388, total: 388 },
  recall: { 1: 1, 10: 0.9912, 100: null },
  ndcg10: null,
  speed: { encode: null, single, batch: 12_345_678 },
});
const results = {
  file: "some.json",
  date: "2026-01-02T03:04:05.000Z",
  command: "bench --rounds 3",
  commit: "0123456789abcdef",
  dirty: false,
  machine: { cpu: "A chip", family: "25", model: "17", cores: 2, node: "20.20.2" },
  options: { rounds: 3 },
  readBandwidth: { bytesPerSecond: 2.5e10, method: "a sum" },
  datasets: [
    {
      name: "bundled",
      dim: 384,
      count: 6000,
      queries: 200,
      exactNdcg10: null,
      rows: [
        row("Pith int8, native", true, 3000),
        row("FAISS Flat, float32", false, 2000),
        { name: "usearch", ours: false, runtime: "node", error: "Error: gone" },
      ],
    },
  ],
};

describe("the tables", () => {
  const text = tables(results);

  test("give each speed with its multiple of the float32 scan in the same run", () => {
    expect(text).toContain(
      "| **Pith int8, native** | 388 | 1.0000 | .9912 | – | – | 3,000 (1.50×) | 12,300,000 (1.00×) |",
    );
  });

  test("show a contender that failed", () => {
    expect(text).toContain("| usearch | failed: Error: gone |");
  });

  test("name chip, commit, command and file", () => {
    for (const fact of [
      "A chip (family 25, model 17)",
      "`0123456789ab`",
      "`bench --rounds 3`",
      "results/some.json",
      "25.0 GB/s",
    ])
      expect(text).toContain(fact);
  });
});

describe("withTables", () => {
  const readme = "# Title\n\n<!-- benchmark:begin -->\nold\n<!-- benchmark:end -->\n\nMore.\n";

  test("replaces what stands between the markers, and is at rest then", () => {
    const once = withTables(readme, "new\n");
    expect(once).toBe("# Title\n\n<!-- benchmark:begin -->\n\nnew\n\n<!-- benchmark:end -->\n\nMore.\n");
    expect(withTables(once, "new\n")).toBe(once);
  });

  test("leaves a text without markers alone", () => {
    expect(withTables("plain", "new")).toBe("plain");
  });
});

test("the READMEs are in step with the newest committed results", () => {
  expect(outOfStep()).toEqual([]);
});
