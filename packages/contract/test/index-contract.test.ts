import { FlatIndex } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
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
      new RegExp(`^\\[${law}\\] index of (string|number|bigint) ids, seed 20260101: `),
    );
  });
});

test("every law catches some broken index", () => {
  const caught = new Set(brokenIndexes.map(({ law }) => law));
  expect(Object.keys(INDEX_LAWS).filter((law) => !caught.has(law))).toEqual([]);
});
