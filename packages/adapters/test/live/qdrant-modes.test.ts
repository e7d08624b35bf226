/** Each mode against Qdrant's engine: what it stores, what the engine says of itself, and what comes back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Codec,
  codecStamp,
  IdColumn,
  serializePith,
  stateTensors,
  type Vectors,
} from "@pith/codec-core";
import { openPith } from "@pith/codec-core/files";
import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, expect, test } from "vitest";
import type { Mode, RemoteCollection, RemoteHit } from "../../src/qdrant/index.ts";
import {
  createQdrant,
  fileRows,
  int8Shared,
  openQdrant,
  pullFile,
  qdrantCodecs,
  sharedScale,
} from "../../src/qdrant/index.ts";
import { FaultProxy } from "../faults/fault-proxy.ts";
import { folder, seeded } from "../remote/inputs.ts";
import { ENGINE_URL, engineClient, freshName, withEngine } from "./engine.ts";

const DIM = 64;
const ROWS = 400;
const rows: Vectors = seeded(ROWS, DIM);
const ids: readonly string[] = Array.from({ length: ROWS }, (_, i) => `row ${i}`);

const K = 10;
const QUERIES = 30;

/** Ids of the K nearest by cosine, of the rows as they are. */
function nearest(query: Float32Array): string[] {
  const cosine = ids.map((id, i) => {
    const row = rows.data.subarray(i * DIM, (i + 1) * DIM);
    return { id, score: row.reduce((sum, x, j) => sum + x * query[j], 0) / Math.hypot(...row) };
  });
  return cosine
    .sort((a, b) => b.score - a.score)
    .slice(0, K)
    .map(({ id }) => id);
}

function pithFile(codec: Codec, column?: IdColumn): Uint8Array {
  const state = codec.state();
  return serializePith({
    kind: "codes",
    dim: DIM,
    count: ROWS,
    metric: codec.metric,
    codec: codecStamp(state),
    ...(column ? { idType: column.type } : {}),
    tensors: {
      ...stateTensors(state),
      ...column?.tensors(),
      codes: { dtype: "U8", shape: [ROWS, codec.stride], bytes: codec.encode(rows).bytes },
    },
  });
}

withEngine("modes of Qdrant's engine", () => {
  const client = engineClient();
  const made: RemoteCollection[] = [];
  const create = async (mode: Mode, codec: Codec, more: object = {}): Promise<RemoteCollection> => {
    const collection = await createQdrant(client, freshName("modes"), { codec, mode, ...more });
    made.push(collection);
    return collection;
  };
  afterAll(async () => {
    for (const collection of made) await collection.drop();
  });

  for (const [mode, codec] of [
    ["payload", int8.create({ dim: DIM })],
    ["sidecar", turboquant.create({ dim: DIM, bits: 3 })],
    [
      "code-as-vector",
      int8Shared.create({ dim: DIM, metric: "l2", scale: sharedScale(rows) } as { dim: number }),
    ],
  ] as const)
    for (const column of [undefined, IdColumn.from(ids)])
      test(`${mode}: push and pull give the same file to the last byte, ${column ? "string ids" : "no ids"}`, async () => {
        const cwd = folder();
        const file = pithFile(codec, column);
        writeFileSync(join(cwd, "in.pith"), file);
        await using open = await openPith(join(cwd, "in.pith"));
        const { source } = await fileRows(open, mode, { codecs: qdrantCodecs });
        const collection = await create(mode, codec, { ids: column ? "string" : "row" });
        expect(await collection.push(source, { batch: 90 })).toMatchObject({ stored: ROWS, failed: [] });
        // What is opened anew is what was made.
        const again = await openQdrant(client, collection.name);
        await pullFile(again, join(cwd, "out.pith"));
        expect(Buffer.compare(readFileSync(join(cwd, "out.pith")), file)).toBe(0);
      });

  test("a payload takes the base64 of the code and 24 bytes; with a string id that id's text too", async () => {
    for (const codec of [int8.create({ dim: DIM }), turboquant.create({ dim: DIM, bits: 1 })])
      for (const type of ["row", "string"] as const) {
        const collection = await create("payload", codec, { ids: type });
        const column = type === "row" ? undefined : IdColumn.from(ids);
        await collection.push({ count: ROWS, ids: column, blocks: () => [{ vectors: rows }] });
        const { points } = await client.scroll(collection.name, { limit: ROWS, with_payload: true });
        expect(points).toHaveLength(ROWS);
        for (const { payload } of points) {
          const text = payload?.["_pith_id"] as string | undefined;
          const id = text === undefined ? 0 : `,"_pith_id":"${text}"`.length;
          const base64 = 4 * Math.ceil(codec.stride / 3);
          expect(JSON.stringify(payload).length - base64 - id).toBe(24);
        }
      }
  });

  for (const [bits, quantizer, least] of [
    [8, "int8", 0.98],
    [4, "turbo4", 0.98],
    [2, "turbo2", 0.9],
    // With the scalar of a row, 12 bytes for 64 elements.
    [1, "turbo1.5", 0.8],
  ] as const)
    test(`a codec of ${bits} bits gets ${quantizer}, the engine says so, and search through it finds the nearest`, async () => {
      const collection = await create("server", turboquant.create({ dim: DIM, bits }));
      expect(collection.settings).toMatchObject({ quantizer, datatype: "float16", rescore: true });
      await collection.upsert(ids, { vectors: rows });
      let found = 0;
      for (let q = 0; q < QUERIES; q++) {
        const query = seeded(1, DIM, 1000 + q).data;
        const hits = (await collection.search(query, K)).map(({ id }) => id);
        found += nearest(query).filter((id) => hits.includes(id)).length;
      }
      // Uniform rows, the hardest there are; recall of other data is higher.
      expect(found / (QUERIES * K)).toBeGreaterThanOrEqual(least);
    });

  test("sidecar scores are the codec's, over candidates of the engine's", async () => {
    const codec = turboquant.create({ dim: DIM, bits: 2 });
    const collection = await create("sidecar", codec);
    await collection.upsert(ids, { vectors: rows });
    const codes = codec.encode(rows);
    for (let q = 0; q < 5; q++) {
      const query = seeded(1, DIM, 50 + q).data;
      const hits = await collection.search(query, 10, { oversample: ROWS / 10 });
      const best = codec.scorer("cosine").prepare(query).topK(codes, 10);
      expect(hits.map(({ score }) => score)).toEqual([...best.scores]);
      expect(new Set(hits.map(({ id }) => id))).toEqual(new Set([...best.slots].map((slot) => ids[slot])));
    }
  });

  const filtered = async (condition: object): Promise<readonly RemoteHit[]> => {
    const collection = await create("sidecar", int8.create({ dim: DIM }));
    const payloads = ids.map((_, i) => ({ parity: i % 2 === 0 ? "even" : "odd" }));
    await collection.upsert(ids, { vectors: rows, payloads });
    return await collection.search(rows.data.slice(0, DIM), 20, { filter: { must: [condition] } });
  };

  test("a filter in Qdrant's own form is passed on", async () => {
    const hits = await filtered({ key: "parity", match: { value: "odd" } });
    expect(hits).toHaveLength(20);
    expect(hits.every(({ payload }) => payload["parity"] === "odd")).toBe(true);
  });

  test("a filter on a missing key finds nothing", async () => {
    expect(await filtered({ key: "nowhere", match: { value: "odd" } })).toEqual([]);
  });

  test("an unknown filter operator is refused", async () => {
    await expect(filtered({ no: "such operator" })).rejects.toMatchObject({ code: "REMOTE_REFUSED" });
  });

  test("nested metadata, metadata with id, empty texts and a huge one come back as they were", async () => {
    const collection = await create("payload", int8.create({ dim: DIM }));
    const payloads = [
      { a: { b: [{ c: null }, 1.5, "x"] } },
      { id: 7, vector: "mine", payload: {}, score: false },
      { text: "" },
      { text: "long ".repeat(500_000) },
    ];
    const some = { data: rows.data.subarray(0, 4 * DIM), dim: DIM, count: 4 };
    await collection.upsert(["a", "b", "", "d"], { vectors: some, payloads });
    expect((await collection.fetch(["a", "b", "", "d"], { payloads: true })).payloads).toEqual(payloads);
  });

  test("elements beyond float16 are refused before anything is stored", async () => {
    const codec = int8.create({ dim: DIM, metric: "dot" });
    const large = { ...rows, data: Float32Array.from(rows.data) };
    large.data[5 * DIM + 3] = -70_000;
    const half = await create("sidecar", codec);
    await expect(half.upsert(ids, { vectors: large })).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
      details: expect.objectContaining({ row: 5, column: 3 }),
    });
    expect(await half.count()).toBe(0);
    const whole = await create("sidecar", codec, { settings: { datatype: "float32" } });
    expect(await whole.upsert(ids, { vectors: large })).toMatchObject({ stored: ROWS });
  });

  test("collections of others aren't opened, nor written to", async () => {
    const name = freshName("foreign");
    await client.createCollection(name, { vectors: { size: DIM, distance: "Cosine" } });
    try {
      await expect(openQdrant(client, name)).rejects.toMatchObject({ code: "COLLECTION_MISMATCH" });
      const options = { codec: int8.create({ dim: DIM }), mode: "sidecar", orOpen: true } as const;
      await expect(createQdrant(client, name, options)).rejects.toMatchObject({
        code: "COLLECTION_MISMATCH",
      });
      expect((await client.collectionExists(`${name}_pith`)).exists).toBe(false);
    } finally {
      await client.deleteCollection(name);
    }
  });

  test("someone's collection in the place of a manifest isn't deleted", async () => {
    const name = freshName("in_the_way");
    await client.createCollection(`${name}_pith`, { vectors: { size: 2, distance: "Dot" } });
    await client.upsert(`${name}_pith`, {
      wait: true,
      points: [{ id: 0, vector: [1, 2], payload: { part: "mine" } }],
    });
    try {
      const options = { codec: int8.create({ dim: DIM }), mode: "payload" } as const;
      await expect(createQdrant(client, name, options)).rejects.toMatchObject({
        code: "COLLECTION_MISMATCH",
      });
      expect((await client.count(`${name}_pith`, { exact: true })).count).toBe(1);
      expect((await client.collectionExists(name)).exists).toBe(false);
      await expect(createQdrant(client, `${name}_pith`, options)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    } finally {
      await client.deleteCollection(`${name}_pith`);
    }
  });

  test("a collection that has another dim or metric than its manifest says is refused", async () => {
    for (const [size, distance, code] of [
      [DIM + 1, "Cosine", "DIM_MISMATCH"],
      [DIM, "Dot", "COLLECTION_MISMATCH"],
    ] as const) {
      const collection = await create("sidecar", int8.create({ dim: DIM }));
      await client.deleteCollection(collection.name);
      await client.createCollection(collection.name, { vectors: { size, distance, datatype: "float16" } });
      await expect(openQdrant(client, collection.name)).rejects.toMatchObject({ code });
    }
  });

  test("a server that says another thing of its quantizer than it was told is refused", async () => {
    const proxy = await FaultProxy.start(ENGINE_URL as string);
    try {
      const config = {
        params: { vectors: { size: DIM, distance: "Cosine", datatype: "float16" } },
        quantization_config: null,
      };
      const body = JSON.stringify({ result: { status: "green", config }, status: "ok" });
      proxy.fault = ({ method, path }) =>
        method === "GET" && !path.endsWith("/exists") ? { kind: "answer", status: 200, body } : undefined;
      const through = new QdrantClient({ url: proxy.url, checkCompatibility: false });
      const name = freshName("liar");
      const making = createQdrant(through, name, {
        codec: turboquant.create({ dim: DIM, bits: 4 }),
        mode: "server",
      });
      await expect(making).rejects.toMatchObject({
        code: "COLLECTION_MISMATCH",
        message: expect.stringContaining("quantizer is none, expected turbo"),
      });
      for (const made of [name, `${name}_pith`]) await client.deleteCollection(made);
    } finally {
      await proxy.close();
    }
  });

  test("delete returns the number of points that were there", async () => {
    const collection = await create("sidecar", int8.create({ dim: DIM }));
    await collection.upsert(ids, { vectors: rows });
    expect(await collection.delete([...ids.slice(0, 7), "nowhere", ids[0]])).toBe(7);
    expect(await collection.count()).toBe(ROWS - 7);
  });

  test("a dropped collection leaves nothing", async () => {
    const collection = await create("payload", int8.create({ dim: DIM }));
    await collection.drop();
    const names = (await client.getCollections()).collections.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith(collection.name))).toEqual([]);
  });
});
