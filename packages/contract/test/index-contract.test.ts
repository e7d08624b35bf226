import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FlatIndex } from "@pith/codec-core";
import { afterAll, describe, expect, test, vi } from "vitest";
import { INDEX_LAWS, indexContract } from "../src/index.ts";
import { brokenIndexes } from "./broken/indexes.ts";
import { collect } from "./collect.ts";
import { grid, plain } from "./reference-codecs.ts";
import { MapIndex } from "./reference-index.ts";

const codec = grid.create({ dim: 5, metric: "l2" });

indexContract({
  test,
  name: "MapIndex",
  codec,
  create: () => new MapIndex(codec),
  load: (bytes) => new MapIndex(codec).load(bytes),
});

for (const family of [plain, grid])
  for (const metric of ["cosine", "dot"] as const) {
    const own = family.create({ dim: 6, metric });
    indexContract({
      test,
      name: `FlatIndex over ${family.name} ${metric}`,
      codec: own,
      create: () => new FlatIndex(own),
      load: (bytes) => FlatIndex.fromBytes(bytes, family),
    });
  }

// Hundreds of files are written in a law.
vi.setConfig({ testTimeout: 60_000 });
let files = 0;
const folder = mkdtempSync(join(tmpdir(), "pith-index-contract-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

indexContract({
  test,
  name: "FlatIndex through a file",
  codec,
  create: () => new FlatIndex(codec),
  async load(bytes) {
    const path = join(folder, String(files++));
    await writeFile(path, bytes);
    return FlatIndex.fromFile(path, grid);
  },
  idKinds: ["string"],
});

describe("an index that", () => {
  test.each(brokenIndexes)("$fault breaks $law", async ({ make, law }) => {
    const { failures, strays } = await collect(
      (t) =>
        indexContract({
          test: t,
          codec,
          create: () => make(codec),
          load: (bytes) => make(codec).load(bytes),
        }),
      law,
    );
    expect(strays).toEqual([]);
    expect([...failures.keys()]).toEqual([law]);
    expect(failures.get(law)?.message).toMatch(
      new RegExp(
        `^\\[${law}\\] index(, saved and reloaded,)? of (string|number|bigint) ids, seed 20260101: `,
      ),
    );
  });
});

test("every law catches some broken index", () => {
  const caught = new Set(brokenIndexes.map(({ law }) => law));
  expect(Object.keys(INDEX_LAWS).filter((law) => !caught.has(law))).toEqual([]);
});
