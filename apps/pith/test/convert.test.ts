import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePith, vectorsFromRows } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, pithVectors, put, randomVectors, rawNpy, readNpy, tiny } from "./inputs.ts";
import { folder, json, pith, text } from "./pith.ts";
import { refused } from "./refused.ts";

describe("pith convert", () => {
  test("through every format and back: the same bytes, ids as far as formats hold them", async () => {
    const cwd = folder();
    const v = randomVectors(300, 7, 3);
    const names = Array.from({ length: 300 }, (_, i) => `name, ${i}`);
    put(cwd, { "in.pith": pithVectors(v, names) });
    await text(["convert", "in.pith", "-o", "a.csv"], { cwd });
    await text(["convert", "a.csv", "-o", "a.jsonl"], { cwd });
    await text(["convert", "a.jsonl", "-o", "a.pith.safetensors"], { cwd });
    const back = parsePith(readFileSync(join(cwd, "a.pith.safetensors")));
    expect(readFileSync(join(cwd, "a.pith.safetensors")).equals(Buffer.from(pithVectors(v, names)))).toBe(
      true,
    );
    expect([back.kind, back.count, back.idType]).toEqual(["vectors", 300, "string"]);
    const dropped = await pith(["convert", "a.jsonl", "-o", "a.fvecs"], { cwd });
    expect(dropped).toMatchObject({
      status: 0,
      stderr: "pith: note: a.fvecs: fvecs holds no ids; those of the input are left out\n",
    });
    await text(["convert", "a.fvecs", "-o", "a.safetensors"], { cwd });
    await text(["convert", "a.safetensors", "-o", "a.npy"], { cwd });
    expect(readFileSync(join(cwd, "a.npy")).equals(Buffer.from(npy(v)))).toBe(true);
  });

  test("--to where the name tells nothing; --dtype; float16 stays float16", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    const half = await json(["convert", "in.npy", "-o", "out", "--to", "npy", "--dtype", "f16"], { cwd });
    expect(half).toEqual({
      file: "out",
      format: "npy",
      dim: 3,
      count: 4,
      dtype: "f16",
      ids: false,
      fileBytes: 152,
    });
    expect(readFileSync(join(cwd, "out")).equals(Buffer.from(npy(tiny, "F16")))).toBe(true);
    expect(await json(["convert", "out", "-o", "b.safetensors"], { cwd })).toMatchObject({ dtype: "f16" });
    expect(await json(["convert", "b.safetensors", "-o", "c.csv"], { cwd })).toMatchObject({ dtype: "f32" });
    const { stderr } = await pith(["convert", "c.csv", "-o", "d.npy"], { cwd });
    expect(stderr).toMatch(/holds no ids/);
    expect(readNpy(readFileSync(join(cwd, "d.npy")))).toEqual(tiny);
  });

  test("compress and search take all of them; ids of text carry over", async () => {
    const cwd = folder();
    put(cwd, {
      "in.jsonl":
        '{"_id":"x","embedding":[1,0]}\n{"_id":"y","embedding":[0,1]}\n{"_id":"z","embedding":[1,1]}\n',
      "q.csv": "id,a,b\nq,0,2\n",
    });
    await text(["compress", "in.jsonl", "-o", "a.pith"], { cwd });
    const { results } = await json<{ results: { ids: string[] }[] }>(
      ["search", "a.pith", "-q", "q.csv", "-k", "2"],
      {
        cwd,
      },
    );
    expect(results[0].ids).toEqual(["y", "z"]);
    expect(await json(["eval", "in.jsonl", "a.pith", "-q", "q.csv"], { cwd })).toMatchObject({ count: 3 });
  });

  test("decompress writes them too", async () => {
    const cwd = folder();
    put(cwd, {
      "in.pith": pithVectors(
        vectorsFromRows([
          [3, 4],
          [0, -2],
        ]),
        ["p", "q"],
      ),
    });
    await text(["compress", "in.pith", "-o", "a.pith", "--metric", "dot"], { cwd });
    await text(["decompress", "a.pith", "-o", "a.csv"], { cwd });
    expect(readFileSync(join(cwd, "a.csv"), "utf8")).toMatch(/^id,0,1\np,[23]\.\d+,4\nq,0,-2\n$/);
    expect((await pith(["decompress", "a.pith", "-o", "a.npy"], { cwd })).stderr).toMatch(/holds no ids/);
  });

  const text1 = { "in.jsonl": '{"id":1,"vector":[1,2]}\n{"id":2,"vector":[1,NaN]}\n' };
  refused(
    "a name that tells no format",
    ["convert", "in.npy", "-o", "out"],
    "INVALID_ARGUMENT",
    /"out": the name tells no format/,
  );
  refused(
    "an unknown format",
    ["convert", "in.npy", "-o", "out", "--to", "parquet"],
    "INVALID_ARGUMENT",
    /--to: expected npy or/,
  );
  refused(
    "float16 in text",
    ["convert", "in.npy", "-o", "out.csv", "--dtype", "f16"],
    "INVALID_ARGUMENT",
    /CSV holds float32/,
  );
  refused(
    "the input as target",
    ["convert", "in.npy", "-o", "in.npy"],
    "INVALID_ARGUMENT",
    /expected another file than the input/,
  );
  refused(
    "no rows",
    ["convert", "in.npy", "-o", "out.csv"],
    "EMPTY_INPUT",
    /"in\.npy": expected vectors, got no rows/,
    {
      "in.npy": rawNpy("<f4", false, "(0, 3)", new Uint8Array(0)),
    },
  );
  refused(
    "NaN in text, by line",
    ["convert", "in.jsonl", "-o", "out.npy", "--to", "pith"],
    "NOT_FINITE",
    /"in\.jsonl": line 2: .*NaN/,
    text1,
  );
  refused(
    "NaN in text, by line, of compress",
    ["compress", "in.jsonl", "-o", "out.pith"],
    "NOT_FINITE",
    /"in\.jsonl": line 2/,
    text1,
  );
  refused(
    "a ragged row",
    ["compress", "in.csv", "-o", "out.pith"],
    "DIM_MISMATCH",
    /"in\.csv": line 3: expected 2 numbers/,
    {
      "in.csv": "id,x,y\na,1,2\nb,1\n",
    },
  );
  refused(
    "ids of text that repeat",
    ["compress", "in.csv", "-o", "out.pith"],
    "DUPLICATE_ID",
    /the id "a" stands in rows 0 and 1/,
    {
      "in.csv": "id,x\na,1\na,2\n",
    },
  );
  refused(
    "an infinity in a .npy",
    ["convert", "in.npy", "-o", "out.csv"],
    "NOT_FINITE",
    /"in\.npy": .*row 1, column 0/,
    {
      "in.npy": npy(vectorsFromRows([[1], [Infinity]])),
    },
  );
  refused(
    "numbers beyond float16",
    ["convert", "in.npy", "-o", "out.npy", "--to", "pith", "--dtype", "f16"],
    "INVALID_ARGUMENT",
    /float16 holds up to 65504, got 70000 in row 0/,
    {
      "in.npy": npy(vectorsFromRows([[7e4]])),
    },
  );
});
