/** Stores that are saved into a folder and loaded from it. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openPith } from "@pith/codec-core/files";
import { describe, expect, test } from "vitest";
import { type PithStoreOptions, PithVectorStore } from "../../src/langchain/index.ts";
import { CODECS, documents, fails, folder, gaussians, places, TextEmbeddings } from "./places.ts";

const DIM = 8;
const embeddings = new TextEmbeddings(DIM);
const [QUERY] = gaussians(1, DIM, 77);

const contents = (directory: string): [string, string][] =>
  readdirSync(directory)
    .sort()
    .map((name) => [name, readFileSync(join(directory, name), "latin1")]);

async function filled(options: PithStoreOptions = {}, rows: number = 60): Promise<PithVectorStore> {
  const store = new PithVectorStore(embeddings, options);
  await store.addVectors(gaussians(rows, DIM, 1), documents(rows));
  await store.delete({ ids: ["d3", "d9"] });
  await store.addVectors(gaussians(2, DIM, 2), documents(2, 5));
  return store;
}

async function saved(options?: PithStoreOptions): Promise<string> {
  const directory = folder();
  await (await filled(options)).save(directory);
  return directory;
}

describe.each<[string, PithStoreOptions, number]>([
  ...CODECS.map((codec): [string, PithStoreOptions, number] => [codec, { codec, encodeFrom: 0 }, 300]),
  ["floats, before there are codes", {}, 60],
  ["codes with float16 rows", { encodeFrom: 0, rescore: true }, 60],
  ["codes with finer codes", { codec: "binary", encodeFrom: 0, rescore: "int8" }, 60],
  ["codes under l2", { encodeFrom: 0, metric: "l2" }, 60],
])("%s", (_, options, rows) => {
  test("come back as they were, and are saved again byte for byte", async () => {
    const store = await filled(options, rows);
    const [one, two] = [folder(), folder()];
    await store.save(one);
    const again = await PithVectorStore.load(one, embeddings);
    const searched = (s: PithVectorStore): Promise<unknown> => s.similaritySearchVectorWithScore(QUERY, rows);
    expect(await searched(again)).toEqual(await searched(store));
    expect(await again.getByIds(["d9", "d5", "d0"])).toEqual(await store.getByIds(["d9", "d5", "d0"]));
    await again.save(two);
    expect(contents(two)).toEqual(contents(one));
    // Equal stores go on alike.
    const more = gaussians(300, DIM, 3);
    for (const s of [store, again]) await s.addVectors(more, documents(300, 1000));
    expect(await searched(again)).toEqual(await searched(store));
    expect(again.stats()?.codec).toBe(store.stats()?.codec);
  }, 30_000);
});

describe("a saved store", () => {
  test("may be empty, of any dim", async () => {
    const directory = folder();
    await new PithVectorStore(embeddings, { metric: "dot" }).save(directory);
    const again = await PithVectorStore.load(directory, embeddings);
    expect(again.size).toBe(0);
    await again.addVectors([[1, 2]], documents(1));
    await again.delete({ ids: ["d0"] });
    await again.save(directory);
    const third = await PithVectorStore.load(directory, embeddings);
    await fails("DIM_MISMATCH", () => third.addVectors([[1, 2, 3]], documents(1)));
    expect(third.stats()?.metric).toBe("dot");
  });

  test("is made of a store in a folder too", async () => {
    const [, make] = places[1];
    const store = await make(embeddings, { encodeFrom: 0 });
    await store.addVectors(gaussians(5, DIM, 1), documents(5));
    await store.compact();
    await store.addVectors(gaussians(2, DIM, 2), documents(2, 4));
    const directory = folder();
    await store.save(directory);
    const again = await PithVectorStore.load(directory, embeddings);
    expect(await again.similaritySearchVectorWithScore(QUERY, 9)).toEqual(
      await store.similaritySearchVectorWithScore(QUERY, 9),
    );
    await store.close();
  });

  test("holds a Pith file with the documents' ids, which any reader of it can check", async () => {
    const directory = await saved({ encodeFrom: 0 });
    const name = readdirSync(directory).find((file) => file.startsWith("vectors-")) as string;
    await using file = await openPith(join(directory, name));
    expect(file.info).toMatchObject({ kind: "codes", count: 58, idType: "string" });
    const ids = (await file.ids())?.toArray();
    const lines = readFileSync(
      join(directory, readdirSync(directory).find((f) => f.startsWith("documents-")) as string),
      "utf8",
    );
    expect(ids).toEqual(
      lines
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    );
  });

  test("takes the place of an older one, of which nothing is left", async () => {
    const directory = await saved();
    const store = await filled({ encodeFrom: 0 }, 20);
    await store.save(directory);
    expect(readdirSync(directory)).toHaveLength(3);
    expect((await PithVectorStore.load(directory, embeddings)).size).toBe(store.size);
    writeFileSync(join(directory, "mine.txt"), "kept");
    await store.save(directory);
    expect(readdirSync(directory)).toContain("mine.txt");
  });

  test("tells its options, and refuses others", async () => {
    const directory = await saved({
      codec: "turboquant",
      codecOptions: { bits: 2 },
      rescore: "f32",
      metric: "dot",
    });
    const load = (options: PithStoreOptions): Promise<PithVectorStore> =>
      PithVectorStore.load(directory, embeddings, options);
    await load({
      codec: "turboquant",
      codecOptions: { bits: 2 },
      rescore: "f32",
      metric: "dot",
      oversample: 9,
    });
    await load({ scoreKind: "distance" });
    await fails("CODEC_MISMATCH", () => load({ codec: "int8" }));
    await fails("INVALID_OPTION", () => load({ codec: "turboquant", codecOptions: { bits: 4 } }));
    await fails("INVALID_OPTION", () => load({ metric: "cosine" }));
    await fails("INVALID_OPTION", () => load({ rescore: false }));
    await fails("INVALID_OPTION", () => load({ encodeFrom: 3 }));
    await fails("INVALID_OPTION", () => load({ oversample: 0 }));
  });

  test("is refused where a part is missing, cut, longer, or another store's", async () => {
    const [directory, other] = [await saved(), await saved({ metric: "l2" })];
    const names = readdirSync(directory);
    const load = async (change: (copy: string, name: string) => void, name: string): Promise<unknown> => {
      const copy = folder();
      cpSync(directory, copy, { recursive: true });
      change(copy, join(copy, name));
      return PithVectorStore.load(copy, embeddings);
    };
    await load(() => {}, names[0]);
    for (const name of names) {
      await fails("FILE_NOT_FOUND", () => load((_, path) => rmSync(path), name));
      const broken = name === "store.json" ? "CORRUPT_FILE" : "CHECKSUM_MISMATCH";
      await fails(broken, () => load((_, path) => truncateSync(path, readFileSync(path).length - 3), name));
      await fails(broken, () => load((_, path) => appendFileSync(path, "x"), name));
      if (name !== "store.json") await fails(broken, () => load((_, path) => writeFileSync(path, ""), name));
    }
    const vectors = (of: string): string =>
      join(of, readdirSync(of).find((f) => f.startsWith("vectors-")) as string);
    await fails("CHECKSUM_MISMATCH", () => load((copy) => cpSync(vectors(other), vectors(copy)), names[0]));
    await fails("FILE_NOT_FOUND", () =>
      load(
        (copy) => renameSync(vectors(copy), join(copy, "vectors-0123456789abcdef.pith.safetensors")),
        names[0],
      ),
    );
  });

  test("is refused where its manifest is another one's, or newer", async () => {
    const directory = await saved();
    const path = join(directory, "store.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    const with_ = (change: object): Promise<unknown> => {
      const { sha256: _, ...changed } = { ...manifest, ...change };
      const sha256 = createHash("sha256").update(JSON.stringify(changed)).digest("hex");
      writeFileSync(path, `${JSON.stringify({ ...changed, sha256 }, null, 2)}\n`);
      return PithVectorStore.load(directory, embeddings);
    };
    await with_({});
    await fails("VERSION_UNSUPPORTED", () => with_({ version: 2 }));
    await fails("CORRUPT_FILE", () => with_({ format: "another" }));
    await fails("CORRUPT_FILE", () => with_({ count: 3 }));
    await fails("CORRUPT_FILE", () => with_({ count: "many" }));
    await fails("CORRUPT_FILE", () => with_({ settings: {} }));
    await fails("CORRUPT_FILE", () => with_({ settings: null }));
    await fails("CORRUPT_FILE", () => with_({ documents: { file: "../../etc/passwd", sha256: "" } }));
    await fails("CORRUPT_FILE", () => with_({ documents: null }));
    await with_({});
    writeFileSync(path, readFileSync(path, "utf8").replace(/"encodeFrom": null/, '"encodeFrom": 1'));
    await fails("CORRUPT_FILE", () => PithVectorStore.load(directory, embeddings));
    for (const text of ["null", "[]", "3", "", "{"]) {
      writeFileSync(path, text);
      await fails("CORRUPT_FILE", () => PithVectorStore.load(directory, embeddings));
    }
  });

  test("isn't one that was opened, nor the other way round", async () => {
    const directory = await saved();
    await fails("INVALID_ARGUMENT", () => PithVectorStore.open(directory, embeddings));
    const opened = folder();
    const store = await PithVectorStore.open(opened, embeddings);
    await fails("INVALID_ARGUMENT", () => store.save(opened));
    await fails("INVALID_ARGUMENT", () => new PithVectorStore(embeddings).save(opened));
    await fails("INVALID_ARGUMENT", () => PithVectorStore.load(opened, embeddings));
    await store.close();
    await fails("FILE_NOT_FOUND", () => PithVectorStore.load(join(opened, "nowhere"), embeddings));
    mkdirSync(join(opened, "empty"));
    await fails("FILE_NOT_FOUND", () => PithVectorStore.load(join(opened, "empty"), embeddings));
  });
});
