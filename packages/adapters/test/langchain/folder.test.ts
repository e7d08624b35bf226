/** Stores in folders: what is on disk, who may write to it, and what is refused when it is opened. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPith } from "@pith/codec-core/files";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { type PithOpenOptions, PithVectorStore } from "../../src/langchain/index.ts";
import { loadSqlite } from "../../src/langchain/sqlite.ts";
import { documents, fails, folder, gaussians, TextEmbeddings } from "./places.ts";

const DIM = 8;
const embeddings = new TextEmbeddings(DIM);
const [QUERY] = gaussians(1, DIM, 77);
const DIST = JSON.stringify(new URL("../../dist/langchain/index.js", import.meta.url).href);

const open = (directory: string, options?: PithOpenOptions): Promise<PithVectorStore> =>
  PithVectorStore.open(directory, embeddings, options);
const search = (store: PithVectorStore): Promise<unknown> =>
  store.similaritySearchVectorWithScore(QUERY, 999);
const segments = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith("codes-"));

/** A store with a segment, rows that came since, and rows that went. */
async function grown(options: PithOpenOptions = {}): Promise<{ directory: string; store: PithVectorStore }> {
  const directory = folder();
  const store = await open(directory, { encodeFrom: 0, ...options });
  await store.addVectors(gaussians(50, DIM, 1), documents(50));
  await store.compact();
  await store.addVectors(gaussians(20, DIM, 2), documents(20, 40));
  await store.delete({ ids: ["d1", "d2", "d45", "d59"] });
  return { directory, store };
}

/** A closed one. */
async function left(options?: PithOpenOptions): Promise<string> {
  const { directory, store } = await grown(options);
  await store.close();
  return directory;
}

function copyOf(directory: string): string {
  const copy = folder();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

describe("a store in a folder", () => {
  test.each<[string, PithOpenOptions]>([
    ["int8", {}],
    ["float32, while there are few rows", { encodeFrom: 200 }],
    ["with float16 rows", { codec: "binary", rescore: "f16" }],
    ["with finer codes", { codec: "binary", rescore: "int8" }],
    ["that were learned", { codec: "turboquant", encodeFrom: 60, metric: "l2" }],
  ])("is opened as it was closed: %s", async (_, options) => {
    const { directory, store } = await grown(options);
    const expected = await search(store);
    const stats = store.stats();
    await store.close();
    const again = await open(directory);
    expect(again.size).toBe(56);
    expect(await search(again)).toEqual(expected);
    expect(again.stats()?.codec).toBe(stats?.codec);
    await again.compact();
    expect(await search(again)).toEqual(expected);
    await again.addVectors(gaussians(300, DIM, 4), documents(300, 1000));
    const more = await search(again);
    await again.close();
    const third = await open(directory, options);
    expect(await search(third)).toEqual(more);
    await third.close();
  });

  test("is there after a process that ended without closing it", async () => {
    const directory = folder();
    const script = `
      import { PithVectorStore } from ${DIST};
      const store = await PithVectorStore.open(process.argv[1], { embedDocuments: async (t) => t.map(() => [1, 2]), embedQuery: async () => [1, 2] });
      await store.addDocuments([{ pageContent: "kept", metadata: { n: 1 }, id: "x" }]);
      if (process.argv[2] === "exit") process.exit(0);
      if (process.argv[2] === "kill") process.kill(process.pid, "SIGKILL");`;
    for (const end of ["end", "exit", "kill"]) {
      try {
        execFileSync(process.execPath, ["--input-type=module", "-e", script, directory, end]);
      } catch (error) {
        expect((error as { signal: string }).signal).toBe("SIGKILL");
      }
      const store = await open(directory);
      expect(await store.getByIds(["x"])).toMatchObject([{ pageContent: "kept", metadata: { n: 1 } }]);
      await store.close();
    }
  });

  test("compacts by itself, when enough rows came or went", async () => {
    const directory = folder();
    const store = await open(directory, { encodeFrom: 0, compactAfter: 10 });
    const size = (): number => statSync(join(directory, "store.sqlite")).size;
    await store.addVectors(gaussians(9, DIM, 1), documents(9));
    expect(segments(directory)).toHaveLength(0);
    await store.addVectors(gaussians(1, DIM, 2), documents(1, 9));
    const [first] = segments(directory);
    expect(first).toBeDefined();
    await store.delete({ ids: documents(9).map(({ id }) => id) });
    expect(segments(directory)).toEqual([first]);
    await store.addVectors(gaussians(1, DIM, 2), documents(1, 9));
    const [second, ...others] = segments(directory);
    expect(second).not.toBe(first);
    expect(others).toEqual([]);
    expect(store.stats()).toMatchObject({ count: 1, tombstones: 0, compactionError: undefined });
    // A quarter of the others at least.
    await store.addVectors(gaussians(100, DIM, 1), documents(100));
    const [third] = segments(directory);
    await store.delete({ ids: documents(19).map(({ id }) => id) });
    expect(segments(directory)).toEqual([third]);
    await store.delete({ ids: documents(9, 19).map(({ id }) => id) });
    expect(segments(directory)).not.toEqual([third]);
    await store.close();
    expect(size()).toBeGreaterThan(0);
  });

  test("keeps what was added where it can't compact, and says why", async () => {
    const directory = folder();
    const store = await open(directory, { encodeFrom: 0, compactAfter: 5, codec: "binary" });
    await store.addVectors(gaussians(4, DIM, 1), documents(4));
    const moved = `${directory}-moved`;
    renameSync(directory, moved);
    await store.addVectors(gaussians(4, DIM, 2), documents(4, 4));
    expect(store.size).toBe(8);
    expect(store.stats()?.compactionError).toMatchObject({ code: "IO" });
    await fails("IO", () => store.compact());
    renameSync(moved, directory);
    await store.compact();
    expect(store.stats()?.compactionError).toBeUndefined();
    await store.close();
    const again = await open(directory);
    expect(again.size).toBe(8);
    await again.close();
  });

  test("is left as it is by a compaction that is stopped", async () => {
    const { directory, store } = await grown();
    const before = [segments(directory), await search(store)];
    await fails("ABORTED", () => store.compact({ signal: AbortSignal.abort() }));
    expect([segments(directory), await search(store)]).toEqual(before);
    expect(readdirSync(directory).filter((name) => name.startsWith("."))).toEqual([]);
    await store.close();
  });

  test("is searched while it compacts, to the same hits, of rows that are kept in a file that goes", async () => {
    const { directory, store } = await grown({ codec: "binary", rescore: true, oversample: 3 });
    const expected = await search(store);
    const gone = new Set<string>();
    for (let round = 0; round < 4; round++) {
      gone.add(segments(directory)[0]);
      // A change, without which there is nothing to compact.
      await store.addVectors([gaussians(50, DIM, 1)[7]], documents(1, 7));
      const before = [search(store), search(store)];
      const compacting = store.compact();
      const during = [search(store), search(store)];
      await compacting;
      for (const found of await Promise.all([...before, ...during, search(store)]))
        expect(found).toEqual(expected);
      expect(gone.has(segments(directory)[0])).toBe(false);
    }
    await store.close();
  });

  test("has its codes in a Pith file that reads and verifies as any other", async () => {
    const directory = await left({ rescore: true });
    const path = join(directory, segments(directory)[0]);
    await using file = await openPith(path);
    expect(file.info).toMatchObject({ kind: "codes", dim: DIM, count: 50, metric: "cosine" });
    expect(file.info.codec?.name).toBe("int8");
    expect(file.tensor("vectors")).toMatchObject({ dtype: "F16", shape: [50, DIM] });
    const pith = fileURLToPath(new URL("../../../../apps/pith/dist/main.js", import.meta.url));
    if (!existsSync(pith)) return;
    expect(execFileSync(process.execPath, [pith, "verify", path], { encoding: "utf8" })).toMatch(/good/);
  });

  test("loses what kills left behind, and nothing else", async () => {
    const directory = await left();
    const [segment] = segments(directory);
    const tag = "0123456789abcdef";
    const rubbish = [
      `codes-${tag}.pith.safetensors`,
      `.codes-${tag}.pith.safetensors.${tag}.tmp`,
      `store.sqlite.${tag}`,
      `.store.sqlite.${tag}.${tag}.tmp`,
    ];
    for (const name of [...rubbish, "mine.txt", "codes.csv"]) writeFileSync(join(directory, name), "x");
    await (await open(directory)).close();
    expect(readdirSync(directory).sort()).toEqual([segment, "codes.csv", "mine.txt", "store.sqlite"].sort());
  });

  test("reads its options back, and refuses others", async () => {
    const directory = folder();
    const made = {
      codec: "turboquant",
      codecOptions: { bits: 2 },
      metric: "dot",
      rescore: "f32",
      encodeFrom: 5,
    } as const;
    const store = await open(directory, made);
    await store.close();
    for (const options of [
      {},
      made,
      { metric: "dot", oversample: 9, scoreKind: "distance", compactAfter: 1 },
    ] as const)
      await (await open(directory, options)).close();
    await fails("CODEC_MISMATCH", () => open(directory, { codec: "int8" }));
    await fails("INVALID_OPTION", () => open(directory, { codecOptions: { bits: 4 } }));
    await fails("INVALID_OPTION", () => open(directory, { metric: "cosine" }));
    await fails("INVALID_OPTION", () => open(directory, { rescore: false }));
    await fails("INVALID_OPTION", () => open(directory, { encodeFrom: 6 }));
    await fails("INVALID_OPTION", () => open(directory, { compactAfter: 0 }));
    const again = await open(directory);
    await again.addVectors(gaussians(6, DIM, 1), documents(6));
    expect(again.stats()).toMatchObject({ codec: "turboquant", metric: "dot", originalBytes: 6 * 4 * DIM });
    await fails("DIM_MISMATCH", () => again.addVectors([[1, 2]], documents(1)));
    await again.close();
  });

  test("isn't made with options that no codec takes", async () => {
    const directory = folder();
    await fails("INVALID_OPTION", () => open(directory, { codec: "turboquant", codecOptions: { bits: 99 } }));
    await fails("UNKNOWN_CODEC", () => open(directory, { codec: "turbo" }));
    expect(readdirSync(directory)).toEqual([]);
  });

  test("remembers its dim when it is empty", async () => {
    const directory = folder();
    let store = await open(directory);
    await store.addVectors([[1, 2, 3]], documents(1));
    await store.delete({ ids: ["d0"] });
    await store.close();
    store = await open(directory);
    await fails("DIM_MISMATCH", () => store.addVectors([[1, 2]], documents(1)));
    await store.close();
  });

  test("gives a key once: what was removed isn't what was added later", async () => {
    const directory = folder();
    for (let round = 0; round < 3; round++) {
      const store = await open(directory, { encodeFrom: 0, compactAfter: 1000 });
      await store.addVectors(gaussians(5, DIM, round), documents(5));
      if (round === 1) await store.compact();
      await store.delete({ ids: documents(4, 1).map(({ id }) => id) });
      expect(await store.similaritySearchVectorWithScore(gaussians(5, DIM, round)[0], 9)).toMatchObject([
        [{ id: "d0" }, expect.closeTo(1, 2)],
      ]);
      await store.close();
    }
  });
});

describe("two at once:", () => {
  test("a store that is open in this process is IN_USE", async () => {
    const { directory, store } = await grown();
    const said = await fails("IN_USE", () => open(directory));
    expect(said).toMatch(/open already/);
    expect(store.size).toBe(56);
    await store.close();
    await (await open(directory)).close();
  });

  test("a store stays locked for other processes, whatever this one tries", async () => {
    const { directory, store } = await grown();
    await fails("IN_USE", () => open(directory));
    await fails("IN_USE", () => open(directory, { withoutLog: true }));
    await fails("INVALID_ARGUMENT", () => store.save(directory));
    const script = `
      import { PithVectorStore } from ${DIST};
      await PithVectorStore.open(process.argv[1], {}).then(() => console.log("open"), ({ code }) => console.log(code));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script, directory], {
      encoding: "utf8",
    });
    expect(said.trim()).toBe("IN_USE");
    await store.addVectors(gaussians(1, DIM, 9), documents(1, 900));
    await store.close();
    const again = await open(directory);
    expect(again.size).toBe(57);
    await again.close();
  });

  test("a store that is open in another process is IN_USE until that is killed", async () => {
    const directory = await left();
    const script = `
      import { PithVectorStore } from ${DIST};
      await PithVectorStore.open(process.argv[1], {});
      console.log("open");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, directory]);
    await once(child.stdout, "data");
    await fails("IN_USE", () => open(directory));
    await fails("IN_USE", () => open(directory));
    child.kill("SIGKILL");
    await once(child, "exit");
    const store = await open(directory);
    expect(store.size).toBe(56);
    await store.close();
  });

  test("of two that make the same store one wins, and none loses what it wrote", async () => {
    const directory = folder();
    const tries = await Promise.allSettled([open(directory), open(directory), open(directory)]);
    const won = tries.filter((t) => t.status === "fulfilled");
    expect(won.length).toBeGreaterThanOrEqual(1);
    for (const t of tries) if (t.status === "rejected") expect(t.reason).toMatchObject({ code: "IN_USE" });
    expect(won).toHaveLength(1);
    await won[0].value.addDocuments(documents(1));
    await won[0].value.close();
    const store = await open(directory);
    expect(store.size).toBe(1);
    await store.close();
  });
});

describe("a folder that isn't whole is refused when it is opened:", () => {
  /** That a changed copy of a closed store is refused, and refused again. */
  async function refused(
    change: (copy: string, segment: string) => unknown,
    directory?: string,
  ): Promise<string> {
    const copy = copyOf(directory ?? (await left()));
    await change(copy, join(copy, segments(copy)[0] ?? ""));
    const said = await fails("CORRUPT_FILE", () => open(copy)).catch(() =>
      fails("CHECKSUM_MISMATCH", () => open(copy)),
    );
    await fails(said.includes("checksum") ? "CHECKSUM_MISMATCH" : "CORRUPT_FILE", () => open(copy));
    return said;
  }

  test("without the segment", async () => {
    expect(await refused((_, segment) => rmSync(segment))).toMatch(/missing/);
  });

  test("with a segment that was cut, or grew", async () => {
    const size = (path: string): number => statSync(path).size;
    await refused((_, segment) => truncateSync(segment, size(segment) - 1));
    await refused((_, segment) => truncateSync(segment, 100));
    await refused((_, segment) => truncateSync(segment, 3));
    await refused((_, segment) => truncateSync(segment, 0));
    await refused((_, segment) => writeFileSync(segment, "x", { flag: "a" }));
  });

  test("with a bit of the segment flipped", async () => {
    const flip = (path: string, at: number): void => {
      const bytes = readFileSync(path);
      bytes[at] ^= 4;
      writeFileSync(path, bytes);
    };
    await refused((_, segment) => flip(segment, 40));
    await refused((_, segment) => flip(segment, statSync(segment).size - 5));
  });

  test("with a segment of another store under the right name", async () => {
    const other = await left({ metric: "l2" });
    const twin = await left();
    await refused((_, segment) => cpSync(join(other, segments(other)[0]), segment));
    // The same rows, by the same codec: the very same bytes.
    const copy = copyOf(twin);
    const { directory, store } = await grown();
    await store.close();
    cpSync(join(directory, segments(directory)[0]), join(copy, segments(copy)[0]));
    await (await open(copy)).close();
  });

  test("with the database of another state of the same store", async () => {
    const { directory, store } = await grown();
    await store.close();
    const before = copyOf(directory);
    const again = await open(directory);
    await again.compact();
    await again.close();
    expect(
      await refused((copy) => cpSync(join(before, "store.sqlite"), join(copy, "store.sqlite")), directory),
    ).toMatch(/missing/);
    expect(
      await refused((copy) => cpSync(join(directory, "store.sqlite"), join(copy, "store.sqlite")), before),
    ).toMatch(/missing/);
  });

  test("without the database", async () => {
    expect(await refused((copy) => rmSync(join(copy, "store.sqlite")))).toMatch(/no store\.sqlite/);
  });

  test("with a database that was cut, or is none", async () => {
    const at = (copy: string): string => join(copy, "store.sqlite");
    await refused((copy) => truncateSync(at(copy), statSync(at(copy)).size - 4096));
    await refused((copy) => truncateSync(at(copy), statSync(at(copy)).size - 1));
    await refused((copy) => truncateSync(at(copy), 4096));
    await refused((copy) => truncateSync(at(copy), 50));
    await refused((copy) => truncateSync(at(copy), 0));
    await refused((copy) => writeFileSync(at(copy), "no database at all".repeat(100)));
    await refused((copy) => {
      rmSync(at(copy));
      new Database(at(copy)).exec("CREATE TABLE t (x)").close();
    });
  });

  test("with a page of the database overwritten", async () => {
    const said = await refused((copy) => {
      const file = openSync(join(copy, "store.sqlite"), "r+");
      for (let page = 1; page < 5; page++) writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, 4096 * page);
      closeSync(file);
    });
    expect(said).toMatch(/store\.sqlite/);
  });

  test("without its log, where there was one; with it, all is there", async () => {
    const { directory, store } = await grown();
    const expected = await search(store);
    const whole = copyOf(directory);
    expect(await refused((copy) => rmSync(join(copy, "store.sqlite-wal")), directory)).toMatch(
      /-wal is missing/,
    );
    await refused((copy) => truncateSync(join(copy, "store.sqlite-wal"), 0), directory);
    const again = await open(whole);
    expect(await search(again)).toEqual(expected);
    await again.close();
    await store.close();
  });

  test("without its log, also after the log was merged a few times", async () => {
    const directory = folder();
    const store = await open(directory, { encodeFrom: 0 });
    const metadata = { text: "x".repeat(100_000) };
    for (let i = 0; i < 60; i++)
      await store.addVectors(gaussians(1, DIM, i), [{ pageContent: "", metadata, id: `b${i}` }]);
    expect(statSync(join(directory, "store.sqlite")).size).toBeGreaterThan(2 * 2 ** 20);
    expect(statSync(join(directory, "store.sqlite-wal")).size).toBeLessThan(5 * 2 ** 20);
    await refused((copy) => rmSync(join(copy, "store.sqlite-wal")), directory);
    await store.close();
  });

  test("unless another program merged the log, or it is given up on purpose", async () => {
    const { directory, store } = await grown();
    const [merged, given] = [copyOf(directory), copyOf(directory)];
    const database = new Database(join(merged, "store.sqlite"));
    expect(database.prepare("SELECT COUNT(*) FROM documents").pluck().get()).toBe(56);
    database.close();
    expect(existsSync(join(merged, "store.sqlite-wal"))).toBe(false);
    const again = await open(merged);
    expect(await search(again)).toEqual(await search(store));
    await again.close();
    await store.close();
    rmSync(join(given, "store.sqlite-wal"));
    await fails("CORRUPT_FILE", () => open(given));
    rmSync(join(given, segments(given)[0]), { force: true });
    const rest = await open(given, { withoutLog: true });
    expect(rest.size).toBe(0);
    await rest.close();
    await (await open(given)).close();
  });

  test("of a newer version", async () => {
    const directory = await left();
    const database = new Database(join(directory, "store.sqlite"));
    database.pragma("user_version = 2");
    database.close();
    await fails("VERSION_UNSUPPORTED", () => open(directory));
  });

  test("with documents, rows or settings that don't fit", async () => {
    const sql = (statement: string) => (copy: string) =>
      new Database(join(copy, "store.sqlite")).exec(statement).close();
    await refused(sql("DELETE FROM documents WHERE id = 'd5'"));
    await refused(sql("DELETE FROM rows"));
    await refused(sql("DELETE FROM removed"));
    await refused(sql("INSERT INTO documents (id, metadata, content) VALUES ('new', '{}', '')"));
    await refused(sql("UPDATE rows SET codes = x'0102'"));
    await refused(sql("UPDATE store SET value = '{}' WHERE name = 'settings'"));
    await refused(sql("UPDATE store SET value = 'x' WHERE name = 'settings'"));
    await refused(sql("DELETE FROM store WHERE name = 'settings'"));
    await refused(sql("DELETE FROM store WHERE name = 'segment'"));
    await refused(sql("UPDATE store SET value = 5 WHERE name = 'dim'"));
    await refused(sql('UPDATE store SET value = \'{"file":"../x","sha256":""}\' WHERE name = \'segment\''));
    await refused(sql("DROP TABLE rows"));
  });
});

describe("better-sqlite3", () => {
  test("that isn't installed is asked for in one line", async () => {
    const missing = Object.assign(new Error("Cannot find package\nmore"), { code: "ERR_MODULE_NOT_FOUND" });
    expect(await fails("BACKEND_UNAVAILABLE", () => loadSqlite(() => Promise.reject(missing)))).toMatch(
      /npm install better-sqlite3$/,
    );
    const broken = new Error("wrong ABI\nmore");
    expect(await fails("BACKEND_UNAVAILABLE", () => loadSqlite(() => Promise.reject(broken)))).toMatch(
      /wrong ABI$/,
    );
  });
});
