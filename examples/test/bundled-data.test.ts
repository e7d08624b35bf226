/** The bundled data is what its manifest says, and fit for cosine search. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Id, sliceVectors, type Vectors } from "@pith/codec-core";
import { openPith, openVectors } from "@pith/codec-core/files";
import { describe, expect, test } from "vitest";

const folder: URL = new URL("../data/", import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, folder));
const manifest = JSON.parse(readFileSync(path("manifest.json"), "utf8")) as {
  documents: number;
  queries: number;
  dim: number;
  sha256: { [file: string]: string };
};

async function read(name: string): Promise<{ vectors: Vectors; dtype: string; ids: Id[] | undefined }> {
  await using source = await openVectors(path(name));
  const { dim, count, dtype } = source;
  const data = new Float32Array(count * dim);
  let filled = 0;
  for await (const block of source.rows()) {
    data.set(block.data, filled);
    filled += block.data.length;
  }
  expect(filled).toBe(data.length);
  return { vectors: { data, dim, count }, dtype, ids: (await source.ids())?.toArray() };
}

function lengths(v: Vectors): number[] {
  return Array.from({ length: v.count }, (_, i) => Math.hypot(...sliceVectors(v, i, i + 1).data));
}

describe("examples/data", () => {
  test("takes less than 8 MB", () => {
    const bytes = readdirSync(folder).map((name) => statSync(path(name)).size);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8e6);
  });

  test("holds the very files that the manifest lists", () => {
    const actual = Object.keys(manifest.sha256).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(path(name)))
        .digest("hex"),
    ]);
    expect(Object.fromEntries(actual)).toEqual(manifest.sha256);
  });

  test("packages: a Pith file of unit float16 vectors with distinct names", async () => {
    const { vectors, dtype, ids = [] } = await read("packages.pith.safetensors");
    expect(vectors).toMatchObject({ dim: manifest.dim, count: manifest.documents });
    expect(manifest.documents).toBeGreaterThanOrEqual(5000);
    expect(dtype).toBe("f16");
    // A float16 is within 2^-11 of its number, so a row's length is within that of 1; NaN would fail here too.
    for (const length of lengths(vectors)) expect(Math.abs(length - 1)).toBeLessThan(2 ** -11);
    expect(new Set(ids).size).toBe(manifest.documents);
    expect(ids.every((id) => typeof id === "string" && /^[a-z0-9][a-z0-9.+-]+$/.test(id))).toBe(true);
    await using file = await openPith(path("packages.pith.safetensors"));
    expect(file.info).toMatchObject({ kind: "vectors", metric: "cosine" });
  });

  test("queries: 200 unit float32 vectors, each with its text, none of a package in the base", async () => {
    const { vectors, dtype } = await read("queries.f32.npy");
    expect(vectors).toMatchObject({ dim: manifest.dim, count: 200 });
    expect(dtype).toBe("f32");
    for (const length of lengths(vectors)) expect(Math.abs(length - 1)).toBeLessThan(1e-6);
    const texts = readFileSync(path("queries.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { _id: string; text: string });
    expect(texts.length).toBe(200);
    for (const { text } of texts) expect(text).toMatch(/\S/);
    const names = new Set((await read("packages.pith.safetensors")).ids);
    expect(texts.filter(({ _id }) => names.has(_id.replace(/^q:/, "")))).toEqual([]);
  });
});
