/**
 * The laws of indexes, for int8 codes that stay in their file beside binary ones in memory: with every row scored again, the
 * index has to find what one of int8 alone finds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendReport, FlatIndex, useBackend } from "@pith/codec-core";
import { indexContract, type VectorIndex } from "@pith/contract";
import { afterAll, beforeAll, describe, test } from "vitest";
import { binary } from "../src/binary/index.ts";
import { int8 } from "../src/index.ts";

const DIM = 21;
const codec = int8.create({ dim: DIM });
const { backend, isa, available } = backendReport();

const folder = mkdtempSync(join(tmpdir(), "pith-kept-in-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** As the index, but for searches, which score all hits again. */
function scoredAgain(index: FlatIndex): VectorIndex {
  const all = { rescore: true, oversample: 1000 };
  return new Proxy(index as VectorIndex, {
    get(_, name: keyof FlatIndex) {
      if (name === "search" || name === "searchBatch")
        return (query: never, k: number, options: object) => index[name](query, k, { ...options, ...all });
      const member = index[name];
      return typeof member === "function" ? member.bind(index) : member;
    },
  });
}

describe.each(available.length > 0 ? (["native", "portable"] as const) : (["portable"] as const))(
  "on %s",
  (name) => {
    beforeAll(() => useBackend({ backend: name }));
    afterAll(() => useBackend({ backend, isa }));
    indexContract({
      test,
      name: "FlatIndex over binary, int8 codes left in the file",
      codec,
      create: () => scoredAgain(new FlatIndex(binary.create({ dim: DIM }), { keep: codec })),
      async load(bytes) {
        const path = join(folder, String(files++));
        await writeFile(path, bytes);
        return scoredAgain(await FlatIndex.fromFile(path, [binary, int8], { rescore: "file" }));
      },
      idKinds: ["string"],
    });
  },
);
