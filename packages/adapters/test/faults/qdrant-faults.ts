/** Bad days of a server, over Qdrant's own client and a real connection: each is stood or told of, and nothing is half-written unsaid. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPithError, type PithError } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CreateQdrantOptions,
  createQdrant,
  openQdrant,
  type PushReport,
  pullFile,
  type RemoteCollection,
} from "../../src/qdrant/index.ts";
import { DIM, folder, seeded, source } from "../remote/inputs.ts";
import { type Fault, FaultProxy, type Seen } from "./fault-proxy.ts";

const KEY = "sesame-7f3a";
const ROWS = 60;

/** `start`: of a server, with what stops it. */
export function qdrantFaults(
  name: string,
  start: () => Promise<{ url: string; close(): Promise<void> }>,
): void {
  describe(`${name} behind a proxy that does wrong`, () => {
    let server: { url: string; close(): Promise<void> };
    let proxy: FaultProxy;
    let made = 0;

    beforeAll(async () => {
      server = await start();
      proxy = await FaultProxy.start(server.url);
    });
    afterAll(async () => {
      await proxy.close();
      await server.close();
    });

    const client = (): QdrantClient =>
      new QdrantClient({ url: proxy.url, checkCompatibility: false, headers: { "api-key": KEY } });
    const waits: number[] = [];
    const common = {
      secrets: [KEY],
      retry: {
        sleep: async (ms: number): Promise<void> => void waits.push(ms),
        random: () => 0,
        attempts: 4,
      },
    };
    const create = async (options: Partial<CreateQdrantOptions> = {}): Promise<RemoteCollection> => {
      proxy.fault = () => undefined;
      waits.length = 0;
      const codec = int8.create({ dim: DIM });
      return await createQdrant(client(), `faults_${process.pid}_${made++}`, {
        codec,
        mode: "sidecar",
        ...common,
        ...options,
      });
    };
    const push = (collection: RemoteCollection): Promise<PushReport> =>
      collection.push(source(ROWS), { batch: 10, concurrency: 1 });
    const onUpsert =
      (collection: RemoteCollection, fault: (n: number, body: string) => Fault | undefined) =>
      ({ method, path, n, body }: Seen): Fault | undefined =>
        method === "PUT" && path === `/collections/${collection.name}/points` ? fault(n, body) : undefined;
    const refusal = async (work: Promise<unknown>): Promise<PithError> => {
      const error = await work.then(
        () => new Error("it went well"),
        (e: unknown) => e,
      );
      if (!isPithError(error)) throw error;
      return error;
    };
    /** Whatever can be read off an error. */
    const said = (error: PithError): string =>
      [error.message, error.stack, JSON.stringify(error.details), String(error.cause)].join("\n");

    for (const [what, fault] of [
      ["429 with Retry-After", { kind: "answer", status: 429, headers: { "retry-after": "2" } }],
      [
        "429 with a date",
        { kind: "answer", status: 429, headers: { "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT" } },
      ],
      ["429 without Retry-After", { kind: "answer", status: 429 }],
      ["500", { kind: "answer", status: 500, body: '{"status":{"error":"boom"}}' }],
      [
        "502 of a proxy, in HTML",
        { kind: "answer", status: 502, body: "<html>", headers: { "content-type": "text/html" } },
      ],
      ["503", { kind: "answer", status: 503, body: "{}" }],
      ["a connection reset before the request arrives", { kind: "reset" }],
      ["a connection reset after the work was done", { kind: "lost answer" }],
      ["an answer that stops half-way", { kind: "half" }],
      ["an answer whose JSON ends early", { kind: "cut" }],
    ] as const satisfies readonly (readonly [string, Fault])[])
      test(`${what}, now and then: every row arrives once`, async () => {
        const collection = await create();
        proxy.fault = onUpsert(collection, (n) => (n % 3 === 1 ? fault : undefined));
        const report = await push(collection);
        expect(report).toMatchObject({ stored: ROWS, failed: [], check: { points: ROWS, sampled: ROWS } });
        expect(report.retries).toBeGreaterThan(1);
        proxy.fault = () => undefined;
        expect(await collection.count()).toBe(ROWS);
      });

    test("Retry-After is waited for", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, (n) =>
        n === 2 ? { kind: "answer", status: 429, headers: { "retry-after": "7" } } : undefined,
      );
      await push(collection);
      expect(waits).toEqual([7000]);
    });

    test("a wrong key: UNAUTHORIZED, at once, and the key is nowhere in the error", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, () => ({
        kind: "answer",
        status: 401,
        body: `{"status":{"error":"bad key ${KEY}"}}`,
      }));
      const error = await refusal(push(collection));
      expect(error.code).toBe("UNAUTHORIZED");
      expect(said(error)).not.toContain(KEY);
      expect(waits).toEqual([]);
      proxy.fault = () => ({ kind: "answer", status: 403, body: "Invalid API key" });
      const opening = await refusal(openQdrant(client(), collection.name, common));
      expect(opening.code).toBe("UNAUTHORIZED");
      expect(said(opening)).not.toContain(KEY);
    });

    test("the key is blotted out of other answers that repeat it", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, () => ({
        kind: "answer",
        status: 400,
        body: `{"status":{"error":"${KEY} sent this"}}`,
      }));
      const error = await refusal(push(collection));
      expect(error.code).toBe("REMOTE_REFUSED");
      expect(said(error)).toContain("*** sent this");
      expect(said(error)).not.toContain(KEY);
    });

    test("a server that goes down half-way: PARTIAL_FAILURE, then resume", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, (n) => (n > 2 ? { kind: "reset" } : undefined));
      const error = await refusal(push(collection));
      expect(error.code).toBe("PARTIAL_FAILURE");
      const report = error.details["report"] as PushReport;
      expect(report).toMatchObject({ stored: 20, nextRow: 30 });
      expect(report.failed.map(({ row }) => row)).toEqual(Array.from({ length: 10 }, (_, i) => 20 + i));
      proxy.fault = () => undefined;
      expect(await collection.count()).toBe(20);
      expect(await collection.push(source(ROWS), { resume: true })).toMatchObject({
        stored: 40,
        skipped: 20,
      });
      expect(await collection.count()).toBe(ROWS);
    });

    test("a server that is slow: the answer counts as none, and the request is sent again", async () => {
      // So many attempts that no machine is too slow for all of them.
      const collection = await create({ retry: { ...common.retry, timeout: 250, attempts: 1000 } });
      let release: (value?: unknown) => void = () => {};
      const until = new Promise((resolve) => {
        release = resolve;
      });
      proxy.fault = onUpsert(collection, (n) => (n === 1 ? { kind: "slow", until } : undefined));
      const report = await push(collection);
      release();
      expect(report).toMatchObject({ stored: ROWS, failed: [] });
      expect(report.retries).toBeGreaterThan(0);
    });

    test("huge payloads (413): cut until they pass, and what never passes is named", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, (_, body) =>
        JSON.parse(body).points.length > 4 || body.includes('"d31"')
          ? { kind: "answer", status: 413, body: "" }
          : undefined,
      );
      const error = await refusal(push(collection));
      expect(error.code).toBe("PARTIAL_FAILURE");
      expect(error.details["report"]).toMatchObject({
        stored: ROWS - 1,
        failed: [{ id: "d31", code: "LIMIT_EXCEEDED" }],
      });
    });

    test("a server that is down: UNAVAILABLE, and says so in one line", async () => {
      const gone = await FaultProxy.start(server.url);
      const { url } = gone;
      await gone.close();
      const lost = new QdrantClient({ url, checkCompatibility: false });
      const error = await refusal(openQdrant(lost, "anything", common));
      expect(error.code).toBe("UNAVAILABLE");
      expect(error.message).toBe(
        'Qdrant, collection "anything": nothing listens there (connection refused) (tried 4 times)',
      );
    });

    test("a pull through resets, lost answers and cut ones gives the file all the same", async () => {
      const collection = await create();
      await push(collection);
      const faults: Fault[] = [
        { kind: "reset" },
        { kind: "half" },
        { kind: "cut" },
        { kind: "answer", status: 500 },
      ];
      proxy.fault = ({ path, n }) => (path.endsWith("/scroll") && n % 2 === 1 ? faults.shift() : undefined);
      const report = await pullFile(collection, join(folder(), "out.pith"), { batch: 9 });
      expect(report.count).toBe(ROWS);
      expect(faults).toEqual([]);
    });

    test("a pull that the server ends leaves no file", async () => {
      const collection = await create();
      await push(collection);
      proxy.fault = ({ path, n }) => (path.endsWith("/scroll") && n > 2 ? { kind: "reset" } : undefined);
      const out = join(folder(), "out.pith");
      expect((await refusal(pullFile(collection, out, { batch: 9 }))).code).toBe("UNAVAILABLE");
      expect(existsSync(out)).toBe(false);
    });

    test("a delete whose answer is lost says the right number", async () => {
      const collection = await create();
      await push(collection);
      proxy.fault = ({ path, n }) =>
        path.endsWith("/points/delete") && n === 1 ? { kind: "lost answer" } : undefined;
      expect(await collection.delete(["d1", "d2", "nowhere"])).toBe(2);
      expect(await collection.count()).toBe(ROWS - 2);
    });

    test("vectors are as they were: every row of a push through faults searches and fetches", async () => {
      const collection = await create();
      proxy.fault = onUpsert(collection, (n) => (n % 2 === 1 ? { kind: "lost answer" } : undefined));
      await push(collection);
      const { ids, codes } = await collection.fetch(Array.from({ length: ROWS }, (_, i) => `d${i}`));
      expect(ids).toHaveLength(ROWS);
      expect(codes?.bytes).toEqual(int8.create({ dim: DIM }).encode(seeded(ROWS)).bytes);
    });
  });
}
