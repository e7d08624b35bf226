/** A collection over Weaviate's client: what it does when the server does something else than it was told. */
import { int8 } from "@pith/int8";
import { describe, expect, test } from "vitest";
import {
  type CreateWeaviateOptions,
  createWeaviate,
  openWeaviate,
  type PushReport,
  type RemoteCollection,
  trainWeaviate,
} from "../../src/weaviate/index.ts";
import { clock, DIM, seeded, source } from "../remote/inputs.ts";
import { FakeWeaviate } from "./fake-weaviate.ts";

async function made(
  options: Partial<CreateWeaviateOptions> = {},
): Promise<{ fake: FakeWeaviate; collection: RemoteCollection }> {
  const fake = new FakeWeaviate();
  const codec = int8.create({ dim: DIM, metric: "l2" });
  const collection = await createWeaviate(fake, "docs", { codec, mode: "sidecar", ...clock(), ...options });
  return { fake, collection };
}

const reportOf = async (work: Promise<unknown>): Promise<PushReport> =>
  await work.then(
    () => Promise.reject(new Error("it passed")),
    (error) => error.details.report as PushReport,
  );

test("rows that are pushed are there, found, and read back to the last bit", async () => {
  for (const mode of ["server", "sidecar", "payload"] as const) {
    const { fake, collection } = await made({ mode });
    const report = await collection.push(source(50));
    expect(report).toMatchObject({ stored: 50, failed: [], check: { points: 50, sampled: 50 } });
    expect([...fake.classes.keys()]).toEqual(["Docs_pith", "Docs"]);
    const vectors = seeded(50);
    const { codes, missing } = await collection.fetch(["d7", "none"]);
    expect(missing).toEqual(["none"]);
    if (mode !== "server") {
      const row = { data: vectors.data.slice(7 * DIM, 8 * DIM), dim: DIM, count: 1 };
      expect(codes?.bytes).toEqual(collection.codec.encode(row).bytes);
    }
    if (mode !== "payload")
      expect((await collection.search(vectors.data.slice(7 * DIM, 8 * DIM), 3))[0].id).toBe("d7");
    else
      await expect(collection.search(new Float32Array(DIM), 1)).rejects.toMatchObject({
        code: "NOT_SUPPORTED",
      });
    expect(await collection.delete(["d7", "none"])).toBe(1);
    expect(await collection.count()).toBe(49);
    await collection.drop();
    expect(fake.classes.size).toBe(0);
  }
});

test("a payload takes the base64 of its code and 24 characters", async () => {
  const { fake, collection } = await made({ mode: "payload" });
  await collection.upsert(["6ba7b810-9dad-41d1-80b4-00c04fd430c8"], { vectors: seeded(1) });
  const [{ properties }] = [...(fake.classes.get("Docs")?.objects.values() ?? [])];
  expect(JSON.stringify(properties).length).toBe(4 * Math.ceil(collection.codec.stride / 3) + 24);
});

describe("a server that doesn't do as it is told", () => {
  test("8 bits where 1 was asked for", async () => {
    const fake = new FakeWeaviate();
    fake.onSchema = (schema) => {
      if (schema.vectorIndexConfig.rq) schema.vectorIndexConfig.rq.bits = 8;
      return schema;
    };
    const codec = int8.create({ dim: DIM });
    const settings = { quantizer: "rq1" } as const;
    await expect(createWeaviate(fake, "docs", { codec, mode: "server", settings })).rejects.toMatchObject({
      code: "COLLECTION_MISMATCH",
      message: expect.stringContaining("quantizer is rq8, expected rq1"),
    });
  });

  test("a quantizer of its own where none was asked for", async () => {
    const fake = new FakeWeaviate();
    fake.onSchema = (schema) => ({
      ...schema,
      vectorIndexConfig: { ...schema.vectorIndexConfig, rq: { enabled: true, bits: 8 } },
    });
    const codec = int8.create({ dim: DIM });
    const settings = { quantizer: "none" } as const;
    await expect(createWeaviate(fake, "docs", { codec, mode: "server", settings })).rejects.toMatchObject({
      code: "COLLECTION_MISMATCH",
    });
  });

  test("objects that it takes and doesn't store are named", async () => {
    const { fake, collection } = await made();
    let lost: string | undefined;
    fake.lose = (id) => id === (lost ??= id);
    const report = await reportOf(collection.push(source(40), { sample: 3 }));
    expect(report.failed).toMatchObject([{ code: "UNKNOWN_ID" }]);
    expect(report.stored).toBe(39);
  });

  test("objects that it refuses are named, with its reason; others are stored", async () => {
    const { fake, collection } = await made();
    const refused = new Set<string>();
    fake.refuse = (id) => {
      if (refused.size < 2) refused.add(id);
      return refused.has(id) ? "not on a Sunday" : undefined;
    };
    const report = await reportOf(collection.push(source(40)));
    expect(report.failed.map(({ reason }) => reason)).toEqual(["not on a Sunday", "not on a Sunday"]);
    expect(await collection.count()).toBe(38);
  });

  test("objects that it refuses for a while are sent again", async () => {
    const { fake, collection } = await made();
    let times = 0;
    fake.refuse = () => (times++ < 20 ? "cannot reach enough replicas" : undefined);
    const report = await collection.push(source(40));
    expect(report.stored).toBe(40);
    expect(report.retries).toBeGreaterThan(0);
  });
});

test("a collection whose vectors have another dim", async () => {
  const { fake, collection } = await made();
  await collection.push(source(5));
  for (const object of fake.classes.get("Docs")?.objects.values() ?? []) object.vector?.push(0);
  await expect(openWeaviate(fake, "docs", clock())).rejects.toMatchObject({ code: "DIM_MISMATCH" });
});

test("a collection that is none of ours, and one that isn't there", async () => {
  const fake = new FakeWeaviate();
  await expect(openWeaviate(fake, "docs")).rejects.toMatchObject({ code: "COLLECTION_MISMATCH" });
  await fake.collections.createFromSchema({ class: "Docs", vectorIndexConfig: {} });
  await expect(openWeaviate(fake, "docs")).rejects.toMatchObject({ code: "COLLECTION_MISMATCH" });
});

test("names that Weaviate doesn't take, and levels that it doesn't know", async () => {
  const codec = int8.create({ dim: DIM });
  for (const name of ["", "1a", "a b", "a-b", "ä", `a${"b".repeat(200)}`, undefined as unknown as string])
    await expect(createWeaviate(new FakeWeaviate(), name, { codec, mode: "server" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  const consistency = "MOST" as "ALL";
  await expect(openWeaviate(new FakeWeaviate(), "docs", { consistency })).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
});

test("payloads that JSON can't hold are refused before anything is sent", async () => {
  const { fake, collection } = await made();
  let sent = 0;
  fake.onCall = (name) => void (sent += Number(name === "insert"));
  const payloads = [{ good: 1 }, { bad: Number.NaN }];
  await expect(collection.upsert(["a", "b"], { vectors: seeded(2), payloads })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  expect(sent).toBe(0);
});

test("training switches the quantizer on and waits for every shard", async () => {
  const { fake, collection } = await made({ mode: "server", settings: { quantizer: "pq", segments: 3 } });
  await collection.push(source(40));
  expect(collection.settings).toMatchObject({ quantizer: "none", trained: false });
  fake.onCall = (name, n) => {
    if (name === "nodes" && n === 2) fake.compressed = true;
  };
  const trained = await trainWeaviate(fake, "docs", clock());
  expect(trained.settings).toMatchObject({ quantizer: "pq", trained: true });
  const stop = AbortSignal.abort();
  fake.compressed = false;
  await expect(trainWeaviate(fake, "docs", { ...clock(), signal: stop })).rejects.toMatchObject({
    code: "ABORTED",
  });
});
