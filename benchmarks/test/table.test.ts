import { describe, expect, test } from "vitest";
import { outOfStep, withTables } from "../src/in-step.mjs";
import { plots } from "../src/plots.mjs";
import { essentials, tables } from "../src/tables.mjs";

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

describe("the tables of speed past the caches", () => {
  const limits = {
    read: [
      { bytes: 192 * 2 ** 20, threads: 1, bytesPerSecond: 4e10, method: "SIMD loads" },
      { bytes: 192 * 2 ** 20, threads: 2, bytesPerSecond: 6e10, method: "SIMD loads" },
      { bytes: 512 * 2 ** 20, threads: 1, bytesPerSecond: 3e10, method: "SIMD loads" },
    ],
    multiplyAddsPerSecond: 4e11,
  };
  const threaded = { ...row("Pith int8, asynchronous, 2 threads", true, 240), threads: 2 };
  const tiled = {
    ...results.datasets[0],
    name: "tiled-500k",
    count: 500_000,
    speedOnly: { single: 16, batch: 200, recall: 20 },
    rows: [
      { ...row("Pith int8, native", true, 160), speed: { encode: null, single: 160, batch: 1000 } },
      { ...row("Pith int8, asynchronous, 1 thread", true, 150), threads: 1 },
      threaded,
      { ...row("graph", false, 9000), flat: false },
    ],
  };
  const run = { ...results, limits, datasets: [{ ...results.datasets[0], name: "scifact" }, tiled] };
  const text = tables(run);

  test("say which share of the read bandwidth and of the arithmetic peak each reaches", () => {
    // 160 queries x 500,000 rows x 388 bytes = 31.0 GB/s of 40; 1,000 x 500,000 x 384 products of 400 G.
    expect(text).toContain("| **Pith int8, native** | 388 | – | 160 | 31.0 | 78% | 1,000 | 48% |");
    // 46.6 GB/s of the 60 that two threads read.
    expect(text).toContain("| **Pith int8, asynchronous, 2 threads** | 388 | – | 240 | 46.6 | 78% |");
    expect(text).toContain("2 threads 1.60×");
  });

  test("have no share for a search that skips rows, and no recall", () => {
    expect(text).toContain("| graph | 388 | – | 9,000 | – | – |");
    expect(text.slice(text.indexOf("Speed only"), text.indexOf("Plots:"))).not.toContain("recall");
  });

  test("come as one line a contender in the short form", () => {
    expect(essentials(run)).toMatch(/\*\*Pith int8, native\*\* \| 388 \| \.9912 .*\| 160 \| 78% \|/);
    expect(essentials(run)).not.toContain("asynchronous");
  });

  test("are drawn: speed of each dataset, recall of real ones", () => {
    const drawn = plots(run);
    expect(Object.keys(drawn)).toEqual(["scifact.svg", "scifact-recall.svg", "tiled-500k.svg"]);
    expect(drawn["scifact-recall.svg"]).toContain("<title>Pith int8, native: 388 bytes, 0.9912</title>");
  });
});

test("recall against bytes: the sizes of a codec are one line, and a search in two steps is none", () => {
  const sized = (name: string, bytes: number) => ({
    ...row(name, true, 1000),
    bytesPerVector: { code: bytes, total: bytes },
  });
  const rows = [
    sized("Pith spectral, 24 bytes", 24),
    sized("Pith spectral, 48 bytes", 48),
    sized("Pith spectral, 24 bytes, then int8", 24),
    sized("Pith int8, native", 388),
  ];
  const drawn = plots({ ...results, datasets: [{ ...results.datasets[0], rows }] });
  const plot = drawn["bundled-recall.svg"];
  expect(plot.match(/<polyline/g)).toHaveLength(1);
  expect(plot).toContain("<title>Pith spectral, 48 bytes: 48 bytes, 0.9912</title>");
  expect(plot).toContain(">Pith spectral</text>");
  expect(plot).not.toContain("then int8");
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
