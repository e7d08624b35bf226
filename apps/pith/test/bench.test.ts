import { describe, expect, test } from "vitest";
import { npy, put, randomVectors } from "./inputs.ts";
import { folder, json, pith, text } from "./pith.ts";
import { refused } from "./refused.ts";

interface Report {
  n: number;
  queries: number;
  threads: number;
  backend: string;
  codecs: {
    codec: string;
    bytesPerVector: number;
    recall: number;
    [figure: string]: number | string | null;
  }[];
}

describe("pith bench", () => {
  test("seeded vectors: every codec beside exact search, with recall and all speeds", async () => {
    const cwd = folder();
    const args = ["bench", "-n", "600", "-d", "32", "--queries", "9"];
    const report = await json<Report>(args, { cwd, env: { PITH_THREADS: "2" } });
    expect(report).toMatchObject({ n: 600, dim: 32, queries: 9, k: 10, seed: 0, file: null });
    // WebAssembly and TypeScript have one thread.
    expect(report.threads).toBe(report.backend === "native" ? 2 : 1);
    const [exact, ...others] = report.codecs;
    expect(exact).toMatchObject({
      codec: "float32",
      bytesPerVector: 128,
      recall: 1,
      encodeVectorsPerSecond: null,
    });
    expect(others.map(({ codec }) => codec)).toContain("int8");
    for (const codec of others) {
      // Of 32 dims spectral-dft keeps two Fourier coefficients.
      expect(codec.recall).toBeGreaterThan(codec.codec === "spectral-dft" ? 0.2 : 0.5);
      expect(codec.bytesPerVector).toBeLessThan(128);
      for (const figure of ["encodeVectorsPerSecond", "singleQueriesPerSecond", "batchQueriesPerSecond"])
        expect(codec[figure]).toBeGreaterThan(0);
    }
  });

  test("a codec whose defaults don't serve the vectors is left out, and an error where it was named", async () => {
    const args = ["bench", "-n", "300", "-d", "16", "--queries", "9"];
    const { status, stderr, stdout } = await pith(args, { cwd: folder() });
    expect(status).toBe(0);
    expect(stderr).toMatch(/note: spectral is left out: 24 bytes a vector: expected a dim from 27 to 8192/);
    expect(stdout).not.toMatch(/^spectral /m);
    const named = await pith([...args, "-c", "spectral"], { cwd: folder() });
    expect(named.status).toBe(2);
    expect(named.stderr).toContain("[DIM_UNSUPPORTED]");
  });

  test("a file, its last rows as queries, one codec, the backend named", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(30, 4, 1)) });
    const printed = await text(["bench", "in.npy", "--queries", "5", "-k", "99", "-c", "int8"], {
      cwd,
      env: { PITH_BACKEND: "portable" },
    });
    expect(printed).toMatch(
      /^25 x 4 in\.npy, cosine, 5 queries, top 99\n[^\n]+; portable, (?:simd128|typescript), 1 thread\n/,
    );
    expect(printed).toMatch(/\nint8 +8 +0 +1\.0000 +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+\n$/);
  });

  refused("an unknown codec", ["bench", "-c", "int9"], "UNKNOWN_CODEC", /unknown codec "int9"/);
  refused(
    "a dim for a file",
    ["bench", "in.npy", "-d", "3"],
    "INVALID_ARGUMENT",
    /--dim is for seeded vectors/,
  );
  refused(
    "too few rows",
    ["bench", "in.npy", "--queries", "4"],
    "EMPTY_INPUT",
    /"in\.npy": expected more than the 4 vectors/,
  );
});
