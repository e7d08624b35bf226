import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNpy, row } from "./inputs.ts";
import { folder, json, text } from "./pith.ts";
import { refused } from "./refused.ts";

const hash = (path: string): string =>
  createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, j) => sum + x * b[j], 0);
}

describe("pith sample", () => {
  test("the same bytes for a seed, on every backend; these bytes for ever", async () => {
    const cwd = folder();
    for (const backend of ["native", "portable"]) {
      const env = { PITH_BACKEND: backend };
      await text(["sample", "-n", "50", "-d", "24", "-o", "c.npy", "--seed", "7"], { cwd, env });
      await text(["sample", "-n", "50", "-d", "24", "-o", "g.npy", "--gaussian", "--dtype", "f16"], {
        cwd,
        env,
      });
      expect(["c.npy", "g.npy"].map((file) => hash(join(cwd, file)))).toEqual([
        "14d9b2e83ef49e86",
        "80037be28ece15c0",
      ]);
    }
    await text(["sample", "-n", "50", "-d", "24", "-o", "d.npy", "--seed", "8"], { cwd });
    expect(hash(join(cwd, "d.npy"))).not.toBe("14d9b2e83ef49e86");
  });

  test("more rows begin with the fewer ones", async () => {
    const cwd = folder();
    const args = ["-d", "3", "--clusters", "5", "-o"];
    await text(["sample", "-n", "9000", ...args, "a.npy"], { cwd });
    await text(["sample", "-n", "40", ...args, "b.npy"], { cwd });
    const [a, b] = ["a.npy", "b.npy"].map((name) => readNpy(readFileSync(join(cwd, name))));
    expect(a.count).toBe(9000);
    expect(a.data.subarray(0, b.data.length)).toEqual(b.data);
  });

  test("clusters: unit vectors, near to others of their own; queries of the same clusters, none of the rows", async () => {
    const cwd = folder();
    const report = await json(
      [
        "sample",
        "-n",
        "400",
        "-d",
        "200",
        "--clusters",
        "4",
        "-o",
        "a.npy",
        "--queries",
        "50",
        "--queries-output",
        "q.jsonl",
      ],
      { cwd },
    );
    expect(report).toMatchObject({
      dim: 200,
      clusters: 4,
      files: [
        { file: "a.npy", holds: "rows", format: "npy", count: 400 },
        { file: "q.jsonl", holds: "queries", format: "jsonl", count: 50 },
      ],
    });
    const a = readNpy(readFileSync(join(cwd, "a.npy")));
    await text(["convert", "q.jsonl", "-o", "q.npy"], { cwd });
    const q = readNpy(readFileSync(join(cwd, "q.npy")));
    for (let i = 0; i < 400; i++) expect(dot(row(a, i), row(a, i))).toBeCloseTo(1, 5);
    for (let i = 0; i < 50; i++) {
      const cosines = Array.from({ length: 400 }, (_, r) => dot(row(q, i), row(a, r)));
      const near = cosines.filter((c) => c > 0.4).length;
      expect(near).toBeGreaterThan(60);
      expect(near).toBeLessThan(140);
      expect(Math.max(...cosines)).toBeLessThan(0.9);
    }
  });

  test("--gaussian: mean 0, deviation 1, and the tails of a normal distribution", async () => {
    const cwd = folder();
    await text(["sample", "-n", "4000", "-d", "25", "--gaussian", "-o", "a.npy"], { cwd });
    const { data } = readNpy(readFileSync(join(cwd, "a.npy")));
    const share = (least: number): number => data.filter((x) => Math.abs(x) > least).length / data.length;
    const moment = (n: number): number => data.reduce((sum, x) => sum + x ** n, 0) / data.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
    expect(share(1)).toBeCloseTo(0.3173, 2);
    expect(share(2)).toBeCloseTo(0.0455, 2);
    expect(share(3)).toBeCloseTo(0.0027, 3);
  });

  const SAMPLE = ["sample", "-n", "3", "-d", "2", "-o", "new.npy"];
  refused(
    "no n",
    ["sample", "-d", "2", "-o", "new.npy"],
    "INVALID_ARGUMENT",
    /required option '-n, --n <number>'/,
  );
  refused(
    "n 0",
    ["sample", "-n", "0", "-d", "2", "-o", "new.npy"],
    "INVALID_ARGUMENT",
    /--n: expected a whole number from 1/,
  );
  refused(
    "dim 65537",
    ["sample", "-n", "1", "-d", "65537", "-o", "new.npy"],
    "INVALID_ARGUMENT",
    /--dim: expected a whole number from 1 to 65536/,
  );
  refused(
    "both kinds",
    [...SAMPLE, "--gaussian", "--clusters", "2"],
    "INVALID_ARGUMENT",
    /either --gaussian or --clusters/,
  );
  refused("queries without a file", [...SAMPLE, "--queries", "2"], "INVALID_ARGUMENT", /go together/);
  refused("too many clusters", [...SAMPLE, "--clusters", "99999999999"], "LIMIT_EXCEEDED", /clusters: /);
  refused(
    "a name that tells no format",
    ["sample", "-n", "1", "-d", "1", "-o", "new"],
    "INVALID_ARGUMENT",
    /tells no format/,
  );
});
