import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Codec,
  codecStamp,
  IdColumn,
  type PithContents,
  parsePith,
  serializePith,
  stateTensors,
} from "@pith/codec-core";
import { openPith } from "@pith/codec-core/files";
import { turboquant } from "@pith/turboquant";
import { describe, expect, test } from "vitest";
import { RemoteCollection } from "../../src/remote/collection.ts";
import type { Mode } from "../../src/remote/database.ts";
import { fileRows } from "../../src/remote/file-rows.ts";
import { pullFile } from "../../src/remote/pull-file.ts";
import { clock, collectionOf, DIM, folder, seeded, source } from "./inputs.ts";
import { answer, MemoryDatabase } from "./memory-database.ts";

const codec = turboquant.train?.(seeded(600), { dim: DIM }) as Codec;

/** A file of codes, with these ids. */
function contents(count: number, ids?: IdColumn): PithContents {
  const state = codec.state();
  return {
    kind: "codes",
    dim: DIM,
    count,
    metric: "cosine",
    codec: codecStamp(state),
    ...(ids ? { idType: ids.type } : {}),
    tensors: {
      ...stateTensors(state),
      ...ids?.tensors(),
      codes: { dtype: "U8", shape: [count, codec.stride], bytes: codec.encode(seeded(count)).bytes },
    },
  };
}

async function roundTrip(file: Uint8Array, mode: Mode, integers: boolean): Promise<Uint8Array> {
  const cwd = folder();
  const [path, out] = [join(cwd, "in.pith"), join(cwd, "out.pith")];
  writeFileSync(path, file);
  await using open = await openPith(path);
  const { source: rows, codec: found } = await fileRows(open, mode);
  const database = new MemoryDatabase(integers);
  const collection = await RemoteCollection.openOrCreate(database, {
    codec: found,
    mode,
    ids: open.info.idType ?? "row",
    ...clock(),
  });
  await collection.push(rows, { batch: 17 });
  await pullFile(collection, out, { batch: 23 });
  expect(readdirSync(cwd).sort()).toEqual(["in.pith", "out.pith"]);
  return readFileSync(out);
}

describe("push and pull", () => {
  for (const mode of ["payload", "sidecar"] as const)
    for (const integers of [true, false])
      for (const [name, ids] of [
        ["no ids", undefined],
        ["strings", Array.from({ length: 300 }, (_, i) => `paper ${(7 * i) % 300}`)],
        ["numbers", Array.from({ length: 300 }, (_, i) => 150 - i)],
        ["64-bit integers", Array.from({ length: 300 }, (_, i) => BigInt(i) - 2n ** 62n)],
      ] as const)
        test(`the same file to the last byte: ${name}, ${mode}, ${integers ? "integers or UUIDs" : "UUIDs alone"}`, async () => {
          const file = serializePith(contents(300, ids && IdColumn.from(ids)));
          expect(Buffer.compare(await roundTrip(file, mode, integers), file)).toBe(0);
        });

  test("the mode server gives vectors back", async () => {
    const ids = IdColumn.from(Array.from({ length: 50 }, (_, i) => `p${i}`));
    const { kind, tensors } = parsePith(await roundTrip(serializePith(contents(50, ids)), "server", true));
    expect(kind).toBe("vectors");
    const decoded = codec.decode(codec.encode(seeded(50)));
    expect(Buffer.from(tensors["vectors"].bytes)).toEqual(Buffer.from(decoded.data.buffer));
  });

  test("originals that a file keeps are what is searched, not what its codes decode to", async () => {
    const cwd = folder();
    const vectors = seeded(40);
    const original = { dtype: "F32", shape: [40, DIM], bytes: new Uint8Array(vectors.data.buffer) } as const;
    const file = contents(40);
    writeFileSync(
      join(cwd, "a.pith"),
      serializePith({ ...file, tensors: { ...file.tensors, vectors: original } }),
    );
    await using open = await openPith(join(cwd, "a.pith"));
    const rows = await fileRows(open, "sidecar");
    expect(rows.vectors).toBe("kept");
    for await (const block of rows.source.blocks(30))
      expect(block.vectors?.data).toEqual(vectors.data.slice(30 * DIM));
  });

  test("rows that came without a place go last, and what was deleted leaves no hole", async () => {
    const cwd = folder();
    const collection = await collectionOf(new MemoryDatabase());
    await collection.push(source(10));
    await collection.upsert(["late"], { vectors: seeded(1) });
    await collection.delete(["d0", "d4"]);
    await pullFile(collection, join(cwd, "out.pith"));
    await using open = await openPith(join(cwd, "out.pith"));
    expect((await open.ids())?.toArray()).toEqual(["d1", "d2", "d3", "d5", "d6", "d7", "d8", "d9", "late"]);
  });
});

describe("a pull that fails leaves the old file, and nothing else", () => {
  const fails = (
    name: string,
    code: string,
    spoil: (database: MemoryDatabase, abort: AbortController) => void,
  ): void => {
    test(`${name}: ${code}`, async () => {
      const cwd = folder();
      const out = join(cwd, "out.pith");
      writeFileSync(out, "old");
      const database = new MemoryDatabase();
      const collection = await collectionOf(database);
      await collection.push(source(40));
      const abort = new AbortController();
      spoil(database, abort);
      await expect(pullFile(collection, out, { batch: 7, signal: abort.signal })).rejects.toMatchObject({
        code,
      });
      expect(readdirSync(cwd)).toEqual(["out.pith"]);
      expect(readFileSync(out, "utf8")).toBe("old");
    });
  };

  fails("a damaged row", "CORRUPT_CODES", (database) => {
    const held = [...database.held.values()][20];
    held.envelope = "damage";
  });
  fails("a server that goes down", "UNAVAILABLE", (database) => {
    database.before = ({ name, n }) => {
      if (name === "scroll" && n > 3) throw answer(503);
    };
  });
  fails("rows that go away meanwhile", "PARTIAL_FAILURE", (database) => {
    database.after = ({ name, n }) => {
      if (name === "scroll" && n === 3) database.held.delete([...database.held.keys()][0]);
    };
  });
  fails("a collection that is empty", "EMPTY_INPUT", (database) => database.held.clear());
  fails("an abort", "ABORTED", (database, abort) => {
    database.before = ({ name, n }) => {
      if (name === "scroll" && n === 3) abort.abort();
    };
  });

  test("a folder that isn't there: IO", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    const out = join(folder(), "nowhere", "out.pith");
    await expect(pullFile(collection, out)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("nowhere"),
    });
    expect(existsSync(out)).toBe(false);
  });
});

test("a file of vectors isn't one of codes", async () => {
  const path = join(folder(), "v.pith");
  const { codec: _, ...plain } = contents(2);
  const bytes = new Uint8Array(seeded(2).data.buffer);
  const vectors = { dtype: "F32", shape: [2, DIM], bytes } as const;
  writeFileSync(path, serializePith({ ...plain, kind: "vectors", tensors: { vectors } }));
  await using open = await openPith(path);
  await expect(fileRows(open, "payload")).rejects.toMatchObject({ code: "UNSUPPORTED_FORMAT" });
});
