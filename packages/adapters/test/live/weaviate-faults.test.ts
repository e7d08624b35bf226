/** Bad days of a real Weaviate: each is stood or told of, and nothing is half-written unsaid. */
import { isPithError, type PithError } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { WeaviateClient } from "weaviate-client";
import {
  type CreateWeaviateOptions,
  createWeaviate,
  openWeaviate,
  type PushReport,
  type RemoteCollection,
  weaviateError,
} from "../../src/weaviate/index.ts";
import { TcpProxy } from "../faults/tcp-proxy.ts";
import { DIM, seeded, source } from "../remote/inputs.ts";
import { connect, key, newName, place } from "./weaviate-place.ts";

const ROWS = 300;

describe.skipIf(!place)("Weaviate on bad days", () => {
  let rest: TcpProxy;
  let grpc: TcpProxy;
  let client: WeaviateClient;
  const codec = int8.create({ dim: DIM });

  beforeAll(async () => {
    const { host, http, grpc: port } = place as NonNullable<typeof place>;
    rest = await TcpProxy.start(host, http);
    grpc = await TcpProxy.start(host, port);
    client = await connect({ http: rest.port, grpc: grpc.port });
    // The client tells the console of each of its own attempts.
    vi.spyOn(console, "warn").mockImplementation(() => {});
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await client?.close();
    await rest?.close();
    await grpc?.close();
  });

  // The client tries five times itself, seconds apart: not all of them are waited for here.
  const retry = { attempts: 1, timeout: 10_000 };
  const create = async (options: Partial<CreateWeaviateOptions> = {}): Promise<RemoteCollection> =>
    await createWeaviate(client, newName(), { codec, mode: "sidecar", secrets: [key], retry, ...options });
  const errorOf = async (work: Promise<unknown>): Promise<PithError> =>
    await work.then(
      () => Promise.reject(new Error("it passed")),
      (error) => (isPithError(error) ? error : Promise.reject(error)),
    );
  const failureOf = async (work: Promise<unknown>): Promise<PithError> =>
    await work.then(
      () => Promise.reject(new Error("it passed")),
      (error) => weaviateError(error, [key]),
    );

  test("a wrong key: UNAUTHORIZED, and no key in the error", async () => {
    const error = await failureOf(connect({ key: "sesame-1" }));
    expect(error).toMatchObject({ code: "UNAUTHORIZED" });
    expect(error.message).not.toContain("sesame-1");
  });

  test("nothing there: UNAVAILABLE", async () => {
    const closed = await TcpProxy.start("127.0.0.1", 1);
    const { port } = closed;
    await closed.close();
    expect(await failureOf(connect({ http: port, grpc: port }))).toMatchObject({ code: "UNAVAILABLE" });
  });

  test("a server that goes down half-way: PARTIAL_FAILURE with what is there, then the rest with resume", async () => {
    const collection = await create();
    const onProgress = (): void => {
      rest.mode = "refuse";
      grpc.mode = "refuse";
    };
    const error = await errorOf(collection.push(source(ROWS), { batch: 50, concurrency: 1, onProgress }));
    expect(error).toMatchObject({ code: "PARTIAL_FAILURE", details: { cause: "UNAVAILABLE" } });
    const report = error.details["report"] as PushReport;
    expect(report.stored).toBeGreaterThan(0);
    expect(report.stored + report.failed.length + (ROWS - report.nextRow)).toBe(ROWS);
    rest.mode = "pass";
    grpc.mode = "pass";
    // The client waits longer and longer before it connects again.
    await vi.waitUntil(() => collection.count().catch(() => false), { timeout: 60_000 });
    expect(await collection.count()).toBe(report.stored);
    const after = await collection.push(source(ROWS), { resume: true, batch: 50 });
    expect(after).toMatchObject({ stored: ROWS - report.stored, skipped: report.stored, failed: [] });
    expect(await collection.count()).toBe(ROWS);
    await collection.drop();
  });

  test("connections that are reset now and then: every row arrives once", async () => {
    const collection = await create({ retry: { attempts: 6, timeout: 60_000, first: 1 } });
    let times = 0;
    const onProgress = (): void => {
      if (times++ < 2) grpc.cutAfter = 2000;
    };
    const report = await collection.push(source(ROWS), { batch: 50, concurrency: 1, onProgress });
    expect(report).toMatchObject({ stored: ROWS, failed: [] });
    expect(times).toBeGreaterThan(2);
    expect(await collection.count()).toBe(ROWS);
    await collection.drop();
  });

  test("a server that is slow: the answer counts as none, and the request is sent again", async () => {
    const collection = await create();
    await collection.push(source(20));
    grpc.mode = "stall";
    let waits = 0;
    const sleep = async (): Promise<void> => {
      waits++;
      grpc.mode = "pass";
    };
    const hasty = await openWeaviate(client, collection.name, {
      retry: { attempts: 4, timeout: 5000, sleep },
    }).finally(() => {
      grpc.mode = "pass";
    });
    expect(waits).toBeGreaterThan(0);
    expect(await hasty.count()).toBe(20);
    await collection.drop();
  });

  test("a collection of another dim, metric, mode or codec, and one that isn't ours", async () => {
    const collection = await create();
    const open = (options: object): Promise<unknown> =>
      createWeaviate(client, collection.name, { codec, mode: "sidecar", orOpen: true, ...options });
    expect(await errorOf(open({ codec: int8.create({ dim: DIM + 1 }) }))).toMatchObject({
      code: "DIM_MISMATCH",
    });
    const dot = int8.create({ dim: DIM, metric: "dot" });
    expect(await errorOf(open({ codec: dot }))).toMatchObject({ code: "COLLECTION_MISMATCH" });
    expect(await errorOf(open({ mode: "payload" }))).toMatchObject({ code: "COLLECTION_MISMATCH" });
    expect(await errorOf(open({ orOpen: false }))).toMatchObject({ code: "COLLECTION_MISMATCH" });
    expect(await errorOf(collection.search(new Float32Array(DIM + 1), 1))).toMatchObject({
      code: "DIM_MISMATCH",
    });
    await collection.drop();
    expect(await errorOf(openWeaviate(client, collection.name))).toMatchObject({
      code: "COLLECTION_MISMATCH",
    });
    await client.collections.create({ name: collection.name });
    expect(await errorOf(openWeaviate(client, collection.name))).toMatchObject({
      code: "COLLECTION_MISMATCH",
    });
    await client.collections.delete(collection.name);
  });

  test("somebody else's vectors of another dim in the collection", async () => {
    const collection = await create();
    await client.collections.get(collection.name).data.insert({ vectors: [1, 2], properties: {} });
    expect(await errorOf(openWeaviate(client, collection.name))).toMatchObject({ code: "DIM_MISMATCH" });
    // The server refuses each of our rows, and says why.
    const error = await errorOf(collection.push(source(3)));
    expect((error.details["report"] as PushReport).failed).toHaveLength(3);
    expect(error.message).toMatch(/vector/);
    await collection.drop();
  });

  test("somebody else's change of a stored code: CHECKSUM_MISMATCH, naming the point", async () => {
    const collection = await create();
    await collection.push(source(5));
    const raw = client.collections.get(collection.name);
    const [first, second] = (await raw.query.fetchObjects({ limit: 2 })).objects;
    await raw.data.update({ id: first.uuid, properties: { _pith: second.properties["_pith"] as string } });
    const read = async (): Promise<void> => {
      for await (const _ of collection.scroll());
    };
    const error = await errorOf(read());
    expect(error).toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(error.message).toContain(first.uuid);
    await collection.drop();
  });

  test("payloads that are too large together are sent apart, and one that never passes is named", async () => {
    const collection = await create({ mode: "payload", retry: { timeout: 60_000 } });
    const { grpcMaxMessageSize: most } = (await client.getMeta()) as { grpcMaxMessageSize: number };
    // In an object, so that the server doesn't index its words.
    const large = (share: number): object => ({ in: { text: "x".repeat(Math.round(share * most)) } });
    const payloads = [large(0.6), large(0.6), large(1.1)] as { in: object }[];
    const error = await errorOf(collection.upsert(["a", "b", "c"], { vectors: seeded(3), payloads }));
    expect(error.code).toBe("PARTIAL_FAILURE");
    const { failed, stored } = error.details["report"] as PushReport;
    expect(stored).toBe(2);
    expect(failed).toMatchObject([{ id: "c", code: "LIMIT_EXCEEDED" }]);
    expect((await collection.fetch(["b"], { payloads: true })).payloads).toEqual([payloads[1]]);
    await collection.drop();
  });
});
