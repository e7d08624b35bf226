/** The modes over a real Weaviate: what comes back is what was sent, and the server does what it is told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openPith } from "@pith/codec-core/files";
import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WeaviateClient } from "weaviate-client";
import {
  createWeaviate,
  fileRows,
  openWeaviate,
  type PushSource,
  pullFile,
  trainWeaviate,
  type WeaviateLike,
  type WeaviateQuantizer,
} from "../../src/weaviate/index.ts";
import { folder, seeded, source } from "../remote/inputs.ts";
import { connect, newName, place } from "./weaviate-place.ts";

const DIM = 32;
const ROWS = 400;

describe.skipIf(!place)("Weaviate", () => {
  let client: WeaviateClient;
  beforeAll(async () => {
    client = await connect();
    // The class fits the structural type.
    client satisfies WeaviateLike;
  });
  afterAll(() => client?.close());

  const vectors = seeded(ROWS, DIM);
  /** In one block: a request takes half a second, however small. */
  const whole = (): PushSource => ({
    ...source(ROWS, vectors),
    blocks: (start) => [
      { vectors: { data: vectors.data.subarray(start * DIM), dim: DIM, count: ROWS - start } },
    ],
  });
  const row = (i: number): Float32Array => vectors.data.slice(i * DIM, (i + 1) * DIM);

  test.each(["none", "rq8", "rq4", "rq1", "bq"] as const)("does as it is told: %s", async (quantizer) => {
    const codec = int8.create({ dim: DIM });
    const settings = { quantizer };
    const collection = await createWeaviate(client, newName(), { codec, mode: "server", settings });
    // The tests' server has a default quantizer, as newer ones have: "none" is none all the same.
    expect(collection.settings["quantizer"]).toBe(quantizer);
    await collection.push(whole());
    const hits = await Promise.all([5, 50, 350].map((i) => collection.search(row(i), 1)));
    expect(hits.map(([{ id }]) => id)).toEqual(["d5", "d50", "d350"]);
    await collection.drop();
  });

  test.each(["sq", "pq"] as const)("is trained: %s", async (quantizer: WeaviateQuantizer) => {
    const codec = int8.create({ dim: DIM });
    const settings = { quantizer, trainingLimit: 300, ...(quantizer === "pq" ? { segments: 16 } : {}) };
    const collection = await createWeaviate(client, newName(), { codec, mode: "server", settings });
    await collection.push(whole());
    expect(collection.settings).toMatchObject({ quantizer: "none", trained: false });
    const trained = await trainWeaviate(client, collection.name);
    expect(trained.settings).toMatchObject({ quantizer, trained: true });
    expect((await trained.search(row(7), 1))[0].id).toBe("d7");
    expect(await trained.count()).toBe(ROWS);
    await collection.drop();
  });

  test("a sidecar's scores are the codec's own", async () => {
    const codec = turboquant.create({ dim: DIM, bits: 4 });
    const collection = await createWeaviate(client, newName(), { codec, mode: "sidecar" });
    await collection.push(whole());
    const hits = await collection.search(row(9), 5, { oversample: ROWS / 5 });
    const own = codec.scorer("cosine").prepare(row(9)).topK(codec.encode(vectors), 5);
    expect(hits.map(({ id }) => id)).toEqual(Array.from(own.slots, (slot) => `d${slot}`));
    expect(hits.map(({ score }) => score)).toEqual(Array.from(own.scores));
    await collection.drop();
  });

  test("filters of the server's own, on fields of the caller's", async () => {
    const codec = int8.create({ dim: DIM });
    const collection = await createWeaviate(client, newName(), { codec, mode: "server" });
    const ids = Array.from({ length: 40 }, (_, i) => `d${i}`);
    const payloads = ids.map((_, i) => ({ even: i % 2 === 0, list: [i] }));
    const rows = { data: vectors.data.slice(0, 40 * DIM), dim: DIM, count: 40 };
    await collection.upsert(ids, { vectors: rows, payloads });
    const filter = client.collections.get(collection.name).filter.byProperty("even").equal(true);
    const hits = await collection.search(row(3), 10, { filter });
    expect(hits).toHaveLength(10);
    for (const { id, payload } of hits) {
      const i = Number(String(id).slice(1));
      expect(payload).toEqual({ even: true, list: [i] });
    }
    await collection.drop();
  });

  test("a file pushed and pulled is the same file, in each mode that keeps codes", async () => {
    const [from, to] = [join(folder(), "from.pith"), join(folder(), "to.pith")];
    const codec = int8.create({ dim: DIM });
    for (const mode of ["payload", "sidecar"] as const) {
      const first = await createWeaviate(client, newName(), { codec, mode });
      await first.push(whole());
      await pullFile(first, from);
      await first.drop();
      const file = await openPith(from);
      try {
        const second = await createWeaviate(client, newName(), { codec, mode });
        await second.push((await fileRows(file, mode)).source);
        await pullFile(await openWeaviate(client, second.name), to);
        await second.drop();
      } finally {
        await file.close();
      }
      expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    }
  });
});
