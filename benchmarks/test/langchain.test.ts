/** bench:langchain runs without its peers, on the bundled data, and writes what its table needs. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "pith-bench-langchain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("../src/langchain.mjs", import.meta.url)), ...args], {
    encoding: "utf8",
    env: { ...process.env, PITH_DATA: folder },
  });

test("measures PithVectorStore in memory and in a folder", () => {
  const out = join(folder, "results", "some.json");
  const few = [
    "--documents",
    "600",
    "--queries",
    "20",
    "--rounds",
    "1",
    "--seconds",
    "0.01",
    "--open",
    "700",
  ];
  const { status, stdout, stderr } = run(...few, "--only", "^PithVectorStore int8", "--out", out);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("bundled: 600 documents of 384 dims, 20 queries");
  expect(stdout).toContain("A folder of 700 documents: open in ");
  const { stores, open, rounds } = JSON.parse(readFileSync(out, "utf8"));
  expect(rounds).toBe(1);
  expect(Object.keys(stores)).toEqual(["PithVectorStore int8", "PithVectorStore int8, in a folder"]);
  for (const { recall10, searchesPerSecond, buildSeconds } of Object.values<Record<string, number>>(stores)) {
    expect(recall10).toBeGreaterThan(0.95);
    expect(searchesPerSecond).toBeGreaterThan(0);
    expect(buildSeconds).toBeGreaterThan(0);
  }
  expect(open.documents).toBe(700);
});

test("refuses numbers that are none", () => {
  const { status, stderr } = run("--rounds", "many");
  expect(status).toBe(2);
  expect(stderr).toContain("--rounds: expected a number, got many");
});
