import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import { describe, expect, test } from "vitest";
import { RemoteCollection } from "../../src/remote/collection.ts";
import { sealCode } from "../../src/remote/envelope.ts";
import { writeManifest } from "../../src/remote/manifest.ts";
import { pointOf } from "../../src/remote/point-id.ts";
import { clock, collectionOf, DIM, seeded, source } from "./inputs.ts";
import { answer, MemoryDatabase } from "./memory-database.ts";

const codec = int8.create({ dim: DIM });
const payload = { codec, mode: "payload" } as const;

describe("making and opening", () => {
  test("what was made is opened with the same codec, mode and ids", async () => {
    const database = new MemoryDatabase();
    await collectionOf(database, {
      codec: turboquant.create({ dim: DIM, bits: 3 }),
      mode: "sidecar",
      ids: "bigint",
    });
    const opened = await RemoteCollection.open(database, clock());
    expect([opened.codec.name, opened.dim, opened.mode, opened.ids]).toEqual([
      "turboquant",
      DIM,
      "sidecar",
      "bigint",
    ]);
    expect(opened.codec.state().params["bits"]).toBe(3);
    expect(opened.settings).toEqual({ width: 32 });
  });

  test("one that is there isn't made again", async () => {
    const database = new MemoryDatabase();
    await collectionOf(database);
    await expect(collectionOf(database)).rejects.toMatchObject({
      code: "COLLECTION_MISMATCH",
      details: { exists: true },
    });
  });

  test("one that isn't there, or isn't one of ours, isn't opened", async () => {
    const database = new MemoryDatabase();
    await expect(RemoteCollection.open(database)).rejects.toMatchObject({
      code: "COLLECTION_MISMATCH",
      details: { exists: false },
    });
    database.made = { dim: DIM, metric: "cosine", mode: "sidecar" };
    await expect(RemoteCollection.open(database)).rejects.toMatchObject({
      code: "COLLECTION_MISMATCH",
      message: expect.stringContaining("no manifest"),
    });
    expect(database.calls.get("saveManifest")).toBeUndefined();
  });

  test("a manifest that was left without a collection is replaced, whole or not", async () => {
    const plan = { mode: "payload", dim: DIM, metric: "cosine", codec, native: {} } as const;
    const [whole] = writeManifest({ plan, ids: "row" });
    for (const left of [[], [whole], [whole.slice(0, 40)]]) {
      const database = new MemoryDatabase();
      database.manifest = left;
      expect((await collectionOf(database, { ids: "bigint" })).ids).toBe("bigint");
    }
  });

  test("someone else's collection in its place isn't", async () => {
    const database = new MemoryDatabase();
    database.manifest = ["a diary"];
    await expect(collectionOf(database)).rejects.toMatchObject({ code: "COLLECTION_MISMATCH" });
    expect(database.manifest).toEqual(["a diary"]);
    expect(database.calls.get("saveManifest")).toBeUndefined();
  });

  test("a damaged manifest is refused at open, before anything is asked of the vectors", async () => {
    const database = new MemoryDatabase();
    await collectionOf(database);
    database.manifest = [(database.manifest as string[])[0].replace("payload", "sidecar")];
    await expect(RemoteCollection.open(database)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  for (const [name, options, code] of [
    ["dim", { ...payload, codec: int8.create({ dim: DIM + 1 }) }, "DIM_MISMATCH"],
    ["metric", { ...payload, codec: int8.create({ dim: DIM, metric: "l2" }) }, "COLLECTION_MISMATCH"],
    ["codec", { ...payload, codec: turboquant.create({ dim: DIM }) }, "CODEC_MISMATCH"],
    [
      "options of the codec",
      { ...payload, codec: int8.create({ dim: DIM, rotate: "hadamard" }) },
      "CODEC_MISMATCH",
    ],
    ["mode", { ...payload, mode: "sidecar" }, "COLLECTION_MISMATCH"],
    ["type of ids", { ...payload, ids: "number" }, "COLLECTION_MISMATCH"],
  ] as const)
    test(`a collection of another ${name} is refused, and nothing is written: ${code}`, async () => {
      const database = new MemoryDatabase();
      await collectionOf(database);
      const written = ["upsert", "saveManifest", "create"].map((call) => database.calls.get(call));
      await expect(RemoteCollection.openOrCreate(database, options)).rejects.toMatchObject({ code });
      expect(["upsert", "saveManifest", "create"].map((call) => database.calls.get(call))).toEqual(written);
    });

  test("the same codec is let through, a learned one too", async () => {
    const learned = turboquant.train?.(seeded(500), { dim: DIM });
    const database = new MemoryDatabase();
    await RemoteCollection.openOrCreate(database, { ...payload, codec: learned ?? codec });
    await RemoteCollection.openOrCreate(database, { ...payload, codec: learned ?? codec });
    const other = turboquant.train?.(seeded(500, DIM, 9), { dim: DIM }) ?? codec;
    await expect(RemoteCollection.openOrCreate(database, { ...payload, codec: other })).rejects.toMatchObject(
      {
        code: "CODEC_MISMATCH",
        message: expect.stringContaining("of state"),
      },
    );
  });

  test("a mode that the database doesn't have is refused", async () => {
    await expect(collectionOf(new MemoryDatabase(), { mode: "code-as-vector" })).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
    });
  });

  test("an answer that is lost while it is made does no harm", async () => {
    const database = new MemoryDatabase();
    database.after = ({ name, n }) => {
      if (n === 1 && (name === "create" || name === "saveManifest")) throw answer(502);
    };
    expect((await collectionOf(database)).codec.name).toBe("int8");
    expect(database.calls.get("create")).toBe(1);
  });
});

describe("rows", () => {
  test("come back by ids, in the order asked for; missing ones are named", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    await collection.push(source(20));
    const { ids, missing, codes, rows } = await collection.fetch(["d7", "nowhere", "d2", "d7"]);
    expect([ids, missing]).toEqual([["d7", "d2", "d7"], ["nowhere"]]);
    const all = codec.encode(seeded(20));
    expect(codes?.bytes).toEqual(
      new Uint8Array(
        [7, 2, 7].flatMap((row) => [...all.bytes.subarray(row * all.stride, (row + 1) * all.stride)]),
      ),
    );
    expect([...rows]).toEqual([7, 2, 7]);
  });

  test("delete returns the number of those that were there", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    await collection.push(source(20));
    expect(await collection.delete(["d1", "nowhere", "d2", "d1"])).toBe(2);
    expect(await collection.delete(["d1"])).toBe(0);
    expect(await collection.count()).toBe(18);
  });

  test("payloads come back when asked for", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    await collection.upsert(["a", "b"], { vectors: seeded(2), payloads: [{ text: "A" }, undefined] });
    expect((await collection.fetch(["a", "b"], { payloads: true })).payloads).toEqual([{ text: "A" }, {}]);
    expect((await collection.fetch(["a"])).payloads).toEqual([{}]);
  });

  test("every id type lives in every database", async () => {
    for (const integers of [true, false])
      for (const [type, ids] of [
        ["string", ["a", "6f1c2a34-9d3b-4c0e-8a51-2f4b7c9d0e11", ""]],
        ["number", [0, -5, 2 ** 53 - 1]],
        ["bigint", [0n, -(2n ** 63n), 2n ** 63n - 1n]],
        ["row", [0, 1, 2]],
      ] as const) {
        const collection = await collectionOf(new MemoryDatabase(integers), { ids: type });
        if (type === "row") await collection.push({ ...source(3), ids: undefined });
        else await collection.upsert(ids, { vectors: seeded(3) });
        expect((await collection.fetch(ids)).ids).toEqual(ids);
      }
  });

  test("damage at any point is refused with the point's name", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    await collection.push(source(5));
    const { id } = pointOf("d3", true);
    const held = database.held.get(id);
    if (!held) throw new Error("no d3");
    const drain = async (): Promise<void> => {
      for await (const _ of collection.scroll());
    };
    for (const [envelope, code] of [
      ["AAAA", "CORRUPT_CODES"],
      [undefined, "CORRUPT_CODES"],
      [sealCode(pointOf("d4", true).id, 3, new Uint8Array(codec.stride)), "CHECKSUM_MISMATCH"],
      [sealCode(id, 3, new Uint8Array(codec.stride - 1)), "CODEC_MISMATCH"],
    ] as const) {
      held.envelope = envelope;
      await expect(drain()).rejects.toMatchObject({ code, message: expect.stringContaining(String(id)) });
      await expect(collection.fetch(["d3"])).rejects.toMatchObject({ code });
    }
  });

  test("a server that scrolls in a circle is found out", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    await collection.push(source(5));
    const scroll = database.scroll.bind(database);
    const [first] = [...database.held.keys()];
    database.scroll = async (...args) => ({ ...(await scroll(...args)), next: first });
    await expect(
      (async () => {
        for await (const _ of collection.scroll({ batch: 2 }));
      })(),
    ).rejects.toMatchObject({ code: "REMOTE_REFUSED" });
  });
});

describe("search", () => {
  test("in the mode sidecar codes decide: the scores are the codec's own", async () => {
    const collection = await collectionOf(new MemoryDatabase(), { mode: "sidecar" });
    await collection.push(source(200));
    const [query] = [seeded(1, DIM, 77).data];
    const hits = await collection.search(query, 5, { oversample: 40 });
    const { slots, scores } = codec
      .scorer("cosine")
      .prepare(query)
      .topK(codec.encode(seeded(200)), 5);
    expect(hits.map(({ id }) => id)).toEqual(Array.from(slots, (slot) => `d${slot}`));
    expect(hits.map(({ score }) => score)).toEqual([...scores]);
  });

  test("asks for as many candidates as told", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database, { mode: "sidecar" });
    await collection.push(source(50));
    const limits: number[] = [];
    const nearest = database.nearest.bind(database);
    database.nearest = (query) => {
      limits.push(query.limit);
      return nearest(query);
    };
    const [query] = [seeded(1).data];
    await collection.search(query, 5);
    await collection.search(query, 5, { oversample: 2.5 });
    await collection.search(query, 5, { oversample: 1 });
    expect(limits).toEqual([20, 13, 5]);
  });

  test("what is wrong is refused before the server is asked", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database, { mode: "sidecar" });
    const good = seeded(1).data;
    for (const [query, k, options, code] of [
      [good.slice(1), 1, {}, "DIM_MISMATCH"],
      [new Float32Array(DIM).fill(Number.NaN), 1, {}, "NOT_FINITE"],
      [good, 0, {}, "INVALID_ARGUMENT"],
      [good, 1, { oversample: 0.5 }, "INVALID_OPTION"],
    ] as const)
      await expect(collection.search(query, k, options)).rejects.toMatchObject({ code });
    expect(database.calls.get("nearest")).toBeUndefined();
  });

  test("the mode payload says that it can't", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    await expect(collection.search(seeded(1).data, 1)).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
      message: expect.stringContaining("pull"),
    });
  });
});

test("a manifest's parts don't depend on when they are written", async () => {
  const plan = { mode: "payload", dim: DIM, metric: "cosine", codec, native: {} } as const;
  expect(writeManifest({ plan, ids: "row" })).toEqual(writeManifest({ plan: { ...plan }, ids: "row" }));
});
