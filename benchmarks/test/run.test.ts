import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "pith-benchmark-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(...args: string[]) {
  const run = fileURLToPath(new URL("../src/run.mjs", import.meta.url));
  const { PITH_DATA: _, ...env } = process.env;
  return spawnSync(process.execPath, [run, ...args], { encoding: "utf8", env });
}

describe("the benchmark", () => {
  test("measures our own codec on the bundled data, and says where and of what commit", () => {
    const out = join(folder, "results.json");
    const tiny = ["--rounds", "1", "--seconds", "0.01", "--max-rows", "400"];
    const some = ["--parts", "search", "--without-peers", "--only", "portable"];
    const { status, stderr } = bench("--", ...some, ...tiny, "--out", out);
    expect(stderr).toContain("scifact: skipped, PITH_DATA isn't set");
    expect(status).toBe(0);
    const text = readFileSync(out, "utf8");
    const results = JSON.parse(text);
    expect(results).toMatchObject({ schema: 2, options: { rounds: 1, threads: 1 }, readBandwidth: null });
    const head = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", cwd: import.meta.dirname });
    expect(results.commit).toBe(head.status === 0 ? head.stdout.trim() : null);
    expect(results.machine.cpu).toMatch(/\S/);
    const [{ name, count, queries, rows }] = results.datasets;
    expect({ name, count, queries }).toEqual({ name: "bundled", count: 400, queries: 200 });
    expect(rows.length).toBe(1);
    expect(rows[0]).toMatchObject({ name: "Pith int8, portable", bytesPerVector: { code: 388, total: 388 } });
    expect(rows[0].recall[10]).toBeGreaterThan(0.98);
    for (const kind of ["encode", "single", "batch"]) expect(rows[0].speed[kind]).toBeGreaterThan(0);
    // Published: neither paths nor the name of the host.
    expect(text).not.toContain(folder);
    expect(text).not.toContain(`"${hostname()}"`);
  }, 60_000);

  test.each([
    [["--rounds", "0"], "--rounds: expected a number above 0, got 0"],
    [["--rounds", "1.5"], "--rounds: expected a number above 0, got 1.5"],
    [["--colour"], "Unknown option '--colour'"],
    [["--only", "nobody"], "no contender is left"],
    [["--parts", "search,luck"], "--parts: expected some of limits, search, backends, open, got luck"],
    [["--without-peers", "--datasets", "sift"], "--datasets: expected some of bundled, got sift"],
  ])("%j is refused", (args, message) => {
    const { status, stderr } = bench(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
