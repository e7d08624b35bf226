/** Codecs that learn: what `compress` draws its sample from, and that every command knows the files. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CodecFamily,
  type CommonOptions,
  parsePith,
  sliceVectors,
  type Vectors,
  vectorsFromRows,
} from "@pith/codec-core";
import { createVectorsFile, openVectors, VECTOR_FORMATS } from "@pith/codec-core/files";
import { type BinaryOptions, binary } from "@pith/int8/binary";
import { describe, expect, test } from "vitest";
import { makeCodec, type TrainingWish } from "../src/jobs/training.ts";
import { npy, put, randomVectors, row } from "./inputs.ts";
import { folder, interrupted, json, noted, pith, start, text } from "./pith.ts";
import { refused } from "./refused.ts";

const CENTRED: readonly string[] = ["--codec", "binary", "--option", "centre=true"];

/** The middle row of each of n equal parts. */
function spread(v: Vectors, n: number): Vectors {
  return vectorsFromRows(
    Array.from({ length: n }, (_, i) => row(v, Math.floor(((i + 0.5) * v.count) / n))),
    v.dim,
  );
}

/** What a file of binary codes with a mean holds, by the library alone. */
function expected(v: Vectors, sample: Vectors): { mean: Buffer; codes: Buffer } {
  const codec = binary.train(sample, { dim: v.dim, centre: true });
  return {
    mean: Buffer.from(codec.state().tensors["mean"].bytes),
    codes: Buffer.from(codec.encode(v).bytes),
  };
}

function held(cwd: string, file: string): { mean: Buffer; codes: Buffer } {
  const { tensors } = parsePith(readFileSync(join(cwd, file)));
  return { mean: Buffer.from(tensors["state.mean"].bytes), codes: Buffer.from(tensors["codes"].bytes) };
}

describe("a codec that learns", () => {
  test.each(VECTOR_FORMATS)("learns from a sample of any format: %s", async (format) => {
    const cwd = folder();
    const v = randomVectors(400, 12, 1);
    const name = join(cwd, `in.${format}`);
    const file = await createVectorsFile(name, format, { dim: 12, count: 400 });
    await file.write(v);
    await file.commit();
    await using source = await openVectors(name);
    for (const rows of [123, 400]) {
      const options: BinaryOptions = { dim: 12, centre: true };
      const made = await makeCodec({ family: binary, options, source, wish: { train: true, rows } });
      expect(made.codec.state()).toEqual(binary.train(spread(v, rows), options).state());
    }
  });

  test("learns from all rows where they are few", async () => {
    const cwd = folder();
    const v = randomVectors(150, 12, 1);
    put(cwd, { "in.csv": Array.from({ length: 150 }, (_, i) => `${i},${row(v, i).join(",")}\n`).join("") });
    const printed = await text(["compress", "in.csv", "-o", "out.pith", ...CENTRED], { cwd });
    expect(printed).toMatch(/, side 48 B = 0\.32 B a vector at 150, .*, trained on 150 rows\n$/);
    expect(held(cwd, "out.pith")).toEqual(expected(v, v));
  });

  test("learns from rows spread over the file, read in blocks or one by one, or from another file", async () => {
    const cwd = folder();
    const v = randomVectors(20_000, 3, 2);
    const other = randomVectors(300, 3, 3);
    put(cwd, { "in.npy": npy(v), "other.npy": npy(other) });
    for (const rows of [101, 7777]) {
      const report = await json(
        ["compress", "in.npy", "-o", "out.pith", ...CENTRED, "--sample-rows", `${rows}`],
        {
          cwd,
        },
      );
      expect(report).toMatchObject({ training: { trained: true, rows, from: "in.npy" }, sideBytes: 12 });
      expect(held(cwd, "out.pith")).toEqual(expected(v, spread(v, rows)));
    }
    const printed = await text(
      ["compress", "in.npy", "-o", "out.pith", ...CENTRED, "--train-on", "other.npy"],
      {
        cwd,
      },
    );
    expect(printed).toMatch(/, trained on 300 rows of other\.npy\n$/);
    expect(held(cwd, "out.pith")).toEqual(expected(v, other));
  });

  test("and one that doesn't says nothing of it", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(200, 4, 4)) });
    for (const codec of [
      ["--codec", "int8"],
      ["--codec", "binary"],
    ])
      expect(
        await json(["compress", "in.npy", "-o", "out.pith", "--no-train", ...codec], { cwd }),
      ).toMatchObject({
        training: null,
      });
  });

  test("is known to every command that reads its files", async () => {
    const cwd = folder();
    const v = randomVectors(400, 32, 5);
    put(cwd, { "in.npy": npy(v), "q.npy": npy(sliceVectors(v, 0, 3)) });
    await text(["compress", "in.npy", "-o", "a.pith", ...CENTRED, "--keep", "f16"], { cwd });
    expect(await text(["verify", "a.pith"], { cwd })).toBe("a.pith: good, binary, 400 x 32\n");
    expect(await text(["inspect", "a.pith"], { cwd })).toMatch(
      /\nside bytes +128 B = 0\.32 B a vector at 400 \(learned: mean\)\n/,
    );
    const side = { sideBytes: 128, sideBytesPerVector: 0.32 };
    expect(await json(["inspect", "a.pith"], { cwd })).toMatchObject({ learned: ["mean"], ...side });
    expect(await json(["eval", "in.npy", "a.pith"], { cwd })).toMatchObject(side);
    expect(await text(["eval", "in.npy", "a.pith"], { cwd })).toMatch(
      /\nside bytes +128 B = 0\.32 B a vector at 400\n/,
    );
    const e = await json<{ recall: { [k: string]: number }; rescored: { recall: { [k: string]: number } } }>(
      ["eval", "in.npy", "a.pith"],
      { cwd },
    );
    expect(e.recall["10"]).toBeGreaterThan(0.3);
    expect(e.rescored.recall["1"]).toBe(1);
    const { results } = await json<{ results: { ids: number[] }[] }>(
      ["search", "a.pith", "--queries", "q.npy", "-k", "1"],
      { cwd },
    );
    expect(results.map(({ ids }) => ids)).toEqual([[0], [1], [2]]);
    await text(["decompress", "a.pith", "-o", "back.npy"], { cwd });
  });

  test.skipIf(process.platform === "win32")("goes on after a kill with the same codec", async () => {
    const args = ["compress", "in.npy", ...CENTRED, "--sample-rows", "1000", "-o"];
    let [cwd, size] = ["", 0];
    const { signal } = await interrupted(
      async (times) => {
        cwd = folder();
        size = 60_000 * times * (64 / 8 + 4);
        await text(["sample", "-n", `${60_000 * times}`, "-d", "64", "-o", "in.npy"], { cwd });
        return start([...args, "out.pith"], { cwd });
      },
      () => noted(cwd) > 0 && noted(cwd) < size,
      "SIGKILL",
    );
    expect(signal).toBe("SIGKILL");
    await text([...args, "whole.pith"], { cwd });
    const other = await pith([...args, "out.pith", "--sample-rows", "2000", "--resume"], { cwd });
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/made from another sample \(1000 rows of [^)]+, now 2000 rows of /);
    const resumed = await pith([...args, "out.pith", "--resume"], { cwd });
    expect(resumed).toMatchObject({ status: 0 });
    expect(resumed.stderr).toMatch(/went on from row/);
    expect(readFileSync(join(cwd, "out.pith")).equals(readFileSync(join(cwd, "whole.pith")))).toBe(true);
  });

  const nan = randomVectors(200, 3, 6);
  nan.data[3 * 150 + 1] = Number.NaN;
  const args = ["compress", "in.npy", "-o", "out.pith", ...CENTRED];
  const many = { "in.npy": npy(randomVectors(200, 3, 7)) };
  refused("too few rows to learn from", args, "SAMPLE_TOO_SMALL", /"in\.npy": expected 100 rows or more/);
  refused(
    "too small a sample",
    [...args, "--sample-rows", "99"],
    "SAMPLE_TOO_SMALL",
    /expected 100 rows or more to train binary, got 99/,
    many,
  );
  refused(
    "too large a sample",
    [...args, "--sample-rows", "99999999"],
    "LIMIT_EXCEEDED",
    /--sample-rows: expected at most \d+ rows of dim 3/,
    many,
  );
  refused(
    "not to learn what has to be learned",
    [...args, "--no-train"],
    "NOT_SUPPORTED",
    /by training alone/,
  );
  refused(
    "to learn and not to learn",
    [...args, "--no-train", "--sample-rows", "100"],
    "INVALID_ARGUMENT",
    /either --no-train or how to train/,
  );
  refused(
    "a sample for a codec that doesn't learn",
    ["compress", "in.npy", "-o", "out.pith", "--train-on", "in.npy"],
    "INVALID_ARGUMENT",
    /int8 with these options learns nothing/,
  );
  refused(
    "a sample of another dim",
    [...args, "--train-on", "other.npy"],
    "DIM_MISMATCH",
    /"other\.npy": expected a sample of dim 3, got 4/,
    { "other.npy": npy(randomVectors(200, 4, 8)) },
  );
  refused(
    "a sample that isn't there",
    [...args, "--train-on", "nothing.npy"],
    "FILE_NOT_FOUND",
    /"nothing\.npy"/,
  );
  refused("a NaN in the sample", args, "NOT_FINITE", /"in\.npy": .* in row 150, column 1/, {
    "in.npy": npy(nan),
  });
});

describe("a codec that may learn", () => {
  /** Binary, with a mean where there is a sample. */
  const family: CodecFamily = {
    ...binary,
    train: (sample, options) => binary.train(sample, { ...options, centre: true }),
    training: () => ({ sample: "optional", minSample: 100 }),
  };
  const made = async (
    count: number,
    wish?: TrainingWish,
  ): Promise<{ trained: boolean; training: unknown; path: string }> => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(count, 5, 9)) });
    const path = join(cwd, "in.npy");
    await using source = await openVectors(path);
    const options: CommonOptions = { dim: 5 };
    const { codec, training } = await makeCodec({ family, options, source, wish });
    return { trained: codec.supports.trained, training, path };
  };

  test("does where there are rows enough", async () => {
    const { path, ...rest } = await made(100);
    expect(rest).toEqual({ trained: true, training: { trained: true, rows: 100, from: path } });
  });

  test("doesn't where there are too few, or where it isn't to", async () => {
    const untrained = (reason: string): object => ({
      trained: false,
      training: { trained: false, reason, minRows: 100 },
    });
    expect(await made(99)).toMatchObject(untrained("too few rows"));
    expect(await made(500, { train: false })).toMatchObject(untrained("as told"));
  });

  test("is refused the sample that was asked for, where that is too small", async () => {
    await expect(made(500, { train: true, rows: 99 })).rejects.toMatchObject({ code: "SAMPLE_TOO_SMALL" });
  });
});

describe("a codec that would learn more than it codes", () => {
  const KLT: readonly string[] = ["--codec", "spectral", "--option", "bytes=9"];

  test("is refused with both sizes where training is the only way, unless forced", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(300, 64, 6)), "more.npy": npy(randomVectors(3000, 64, 6)) });
    const { status, stderr } = await pith(["compress", "in.npy", "-o", "out.pith", ...KLT], { cwd });
    expect(status).toBe(2);
    expect(stderr).toMatch(/spectral would learn \d+ bytes for 2700 bytes of codes.*, got 300; --force/);
    expect(readdirSync(cwd)).not.toContain("out.pith");
    const forced = await json<{ sideBytes: number }>(
      ["compress", "in.npy", "-o", "out.pith", "--force", ...KLT],
      { cwd },
    );
    expect(forced).toMatchObject({ bytesPerVector: 9, training: { trained: true, rows: 300 } });
    expect(forced.sideBytes).toBeGreaterThan(2700);
    expect(await text(["verify", "out.pith"], { cwd })).toBe("out.pith: good, spectral, 300 x 64\n");
    const enough = await json(["compress", "more.npy", "-o", "out.pith", ...KLT], { cwd });
    expect(enough).toMatchObject({ bytesPerVector: 9, training: { trained: true, rows: 3000 } });
  });

  test("compress, eval and tune tell the error of rows learned from and of rows held out", async () => {
    const cwd = folder();
    // Of random rows too few for 64 dims: what was learned of some says less of others.
    put(cwd, { "in.npy": npy(randomVectors(600, 64, 6)) });
    type Fit = { readonly trained: number; readonly heldOut: number };
    const args = ["compress", "in.npy", "-o", "out.pith", "--force", ...KLT];
    const { fit } = await json<{ fit: Fit }>(args, { cwd });
    expect(fit.trained).toBeGreaterThan(0.1);
    expect(fit.heldOut).toBeGreaterThan(fit.trained);
    const told = /squared error (0\.\d+) of rows learned from, (0\.\d+) of rows held out$/m;
    const [, trained, heldOut] = told.exec(await text(args, { cwd })) ?? [];
    expect(Number(trained)).toBeCloseTo(fit.trained, 3);
    expect(Number(heldOut)).toBeCloseTo(fit.heldOut, 3);
    expect(await json(["eval", "in.npy", "out.pith"], { cwd })).toMatchObject({ fit });
    expect(await text(["eval", "in.npy", "out.pith"], { cwd })).toContain(
      `\nsq. error     ${trained} of rows learned from, ${heldOut} of rows held out\n`,
    );
    const tune = ["tune", "in.npy", "--codecs", "spectral", "--recall", "0.5"];
    expect(await text(tune, { cwd })).toMatch(
      /^ {2}spectral bytes=24: squared error 0\.\d+ of rows learned from, /m,
    );
  });

  test("learns nothing where that is a choice", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(150, 12, 6)) });
    const args = ["compress", "in.npy", "-o", "out.pith", "--codec", "turboquant", "--option", "bits=1"];
    expect(await json(args, { cwd })).toMatchObject({ training: { trained: false, reason: "too few rows" } });
    expect(await json([...args, "--force"], { cwd })).toMatchObject({ training: { trained: true } });
    const told = await pith([...args, "--sample-rows", "150"], { cwd });
    expect(told.status).toBe(2);
    expect(told.stderr).toContain("[INVALID_ARGUMENT]");
  });
});
