/** The laws of indexes, for FlatIndex over int8: in memory on each backend, and over a mapped file. */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendReport, FlatIndex, useBackend } from "@pith/codec-core";
import { indexContract } from "@pith/contract";
import { afterAll, beforeAll, describe, test } from "vitest";
import { int8 } from "../src/index.ts";

const codec = int8.create({ dim: 21 });
const { backend, isa, available, portable } = backendReport();
const choices = [
  ...available.map((isa) => ({ backend: "native" as const, isa })),
  ...portable.map((isa) => ({ backend: "portable" as const, isa })),
];

describe.each(choices)("$backend, $isa", (choice) => {
  beforeAll(() => useBackend(choice));
  afterAll(() => useBackend({ backend, isa }));
  indexContract({
    test,
    name: "FlatIndex over int8",
    codec,
    create: () => new FlatIndex(codec),
    load: (bytes) => FlatIndex.fromBytes(bytes, int8),
    idKinds: ["string"],
  });
});

let files = 0;
const folder = mkdtempSync(join(tmpdir(), "pith-int8-index-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

indexContract({
  test,
  name: "FlatIndex over int8, mapped",
  codec,
  create: () => new FlatIndex(codec),
  async load(bytes) {
    const path = join(folder, String(files++));
    await writeFile(path, bytes);
    return FlatIndex.fromFile(path, int8, { map: true });
  },
  idKinds: ["string", "bigint"],
});
