/** What a push does where a server fails it: nothing is lost without standing in the report. */
import { IdColumn, isPithError } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { describe, expect, test } from "vitest";
import type { PushReport } from "../../src/remote/report.ts";
import type { PushOptions } from "../../src/remote/transfer.ts";
import { clock, collectionOf, DIM, seeded, source } from "./inputs.ts";
import { answer, MemoryDatabase } from "./memory-database.ts";

async function failure(
  push: Promise<unknown>,
): Promise<{ code: string; message: string; report: PushReport }> {
  const error = await push.then(
    () => new Error("it went well"),
    (e: unknown) => e,
  );
  if (!isPithError(error)) throw error;
  return { code: error.code, message: error.message, report: error.details["report"] as PushReport };
}

/** Each row is stored, skipped, failed, or after `nextRow`; and the database holds what is said to be stored. */
function accounted(database: MemoryDatabase, { rows, stored, skipped, failed, nextRow }: PushReport): void {
  expect(stored + skipped + failed.length + (rows - nextRow)).toBe(rows);
  expect(new Set(failed.map(({ row }) => row)).size).toBe(failed.length);
  expect(database.held.size).toBe(stored + skipped);
}

describe("pushing", () => {
  test("stores all rows, counts them and reads checksums back", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    const seen: number[] = [];
    const onProgress = (done: number): void => void seen.push(done);
    const report = await collection.push(source(95), { batch: 8, sample: 20, onProgress });
    expect(report).toMatchObject({ rows: 95, stored: 95, skipped: 0, failed: [], nextRow: 95, retries: 0 });
    expect(report.check).toEqual({ points: 95, sampled: 20 });
    expect(seen.at(-1)).toBe(95);
    accounted(database, report);
  });

  test("no rows are no error", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    expect(await collection.push(source(0))).toMatchObject({
      rows: 0,
      stored: 0,
      check: { points: 0, sampled: 0 },
    });
  });

  test("no more requests at a time than asked for", async () => {
    for (const concurrency of [1, 3]) {
      const database = new MemoryDatabase();
      let [running, most] = [0, 0];
      database.before = async ({ name }) => {
        if (name !== "upsert") return;
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
      };
      await (await collectionOf(database)).push(source(90), { batch: 10, concurrency });
      expect(most).toBe(concurrency);
    }
  });

  test("too many requests (429), failures (503) and lost answers are made good", async () => {
    const database = new MemoryDatabase();
    const { retry, waits } = clock();
    const collection = await collectionOf(database, { retry });
    database.before = ({ name, n }) => {
      if (name === "upsert" && n === 2) throw answer(429, { retryAfter: 2500 });
      if (name === "upsert" && n === 4) throw answer(503);
    };
    database.after = ({ name, n }) => {
      if (name === "upsert" && n === 6) throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    };
    const report = await collection.push(source(60), { batch: 10, concurrency: 1 });
    expect(report).toMatchObject({ stored: 60, failed: [], retries: 3 });
    expect(waits).toEqual([2500, 100, 100]);
    accounted(database, report);
  });

  test("a server that goes down half-way: the report says what is there, and where to go on", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ name, n }) => {
      if (name === "upsert" && n > 3) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    };
    const { code, message, report } = await failure(
      collection.push(source(100), { batch: 10, concurrency: 1 }),
    );
    expect(code).toBe("PARTIAL_FAILURE");
    expect(message).toMatch(/^30 of 100 rows are stored, 10 failed, 60 not sent: .*connection refused/);
    expect(report.failed.map(({ row }) => row)).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
    expect(report.failed[0]).toMatchObject({ id: "d30", code: "UNAVAILABLE" });
    expect(report.nextRow).toBe(40);
    accounted(database, report);

    database.before = () => {};
    const again = await collection.push(source(100), { batch: 10, resume: true });
    expect(again).toMatchObject({ stored: 70, skipped: 30, failed: [] });
    accounted(database, again);
  });

  test("a server that is down from the start: nothing is stored, and the code says why", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ name }) => {
      if (name === "upsert") throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    };
    const { code, report } = await failure(collection.push(source(30), { batch: 10, concurrency: 2 }));
    expect(code).toBe("UNAVAILABLE");
    expect(report.stored).toBe(0);
    accounted(database, report);
  });

  test("a wrong key isn't tried again", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ name }) => {
      if (name === "upsert") throw answer(401);
    };
    const { code, report } = await failure(collection.push(source(50), { batch: 10, concurrency: 1 }));
    expect(code).toBe("UNAUTHORIZED");
    expect(database.calls.get("upsert")).toBe(1);
    expect(report.failed).toHaveLength(10);
  });

  test("a request that is too large (413) is cut until it passes", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ points }) => {
      if (points.length > 3) throw answer(413);
    };
    const report = await collection.push(source(40), { batch: 10 });
    expect(report).toMatchObject({ stored: 40, failed: [] });
    accounted(database, report);
  });

  test("one row that is too large fails alone", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ points }) => {
      if (points.some(({ original }) => original === "d17")) throw answer(413);
    };
    const { code, report } = await failure(collection.push(source(40), { batch: 10 }));
    expect(code).toBe("PARTIAL_FAILURE");
    expect(report.failed).toMatchObject([{ row: 17, id: "d17", code: "LIMIT_EXCEEDED" }]);
    expect(report.nextRow).toBe(40);
    accounted(database, report);
  });

  test("rows that a server refuses within a request it takes stand in the report", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.rejects = ({ original }) =>
      original === "d3" || original === "d29" ? "I don't like it" : undefined;
    const { code, report } = await failure(collection.push(source(40), { batch: 10 }));
    expect(code).toBe("PARTIAL_FAILURE");
    expect(report.failed.map(({ id, reason }) => [id, reason])).toEqual([
      ["d3", "I don't like it"],
      ["d29", "I don't like it"],
    ]);
    accounted(database, report);
  });

  test("a server that refuses everything is given up on", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.before = ({ name }) => {
      if (name === "upsert") throw answer(400, { message: "no" });
    };
    const { code, report } = await failure(collection.push(source(5000), { batch: 100 }));
    expect(code).toBe("REMOTE_REFUSED");
    expect(database.calls.get("upsert")).toBeLessThan(1000);
    accounted(database, report);
  });

  test("rows that a server takes and doesn't store are found, by the sample and by the count", async () => {
    for (const sample of [0, 5, 100]) {
      const database = new MemoryDatabase();
      const collection = await collectionOf(database);
      database.loses = ({ original }) => original === "d7" || original === "d42";
      const { code, report } = await failure(collection.push(source(60), { batch: 10, sample }));
      expect(code).toBe("PARTIAL_FAILURE");
      expect(report.failed.map(({ id }) => id)).toEqual(["d7", "d42"]);
      accounted(database, report);
    }
  });

  test("in a collection that held others, too", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    await collection.upsert(["x", "y", "z"], { vectors: seeded(3) });
    database.loses = ({ original }) => original === "d7";
    const { report } = await failure(collection.push(source(60), { batch: 10, sample: 5 }));
    expect(report).toMatchObject({ stored: 59, failed: [{ id: "d7", code: "UNKNOWN_ID" }] });
  });

  test("rows that a server changes are found by the sample", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    database.after = ({ name }) => {
      for (const held of database.held.values())
        if (name === "upsert" && held.original === "d9") held.envelope = "something else";
    };
    const { report } = await failure(collection.push(source(20), { sample: 20 }));
    expect(report.failed).toMatchObject([{ id: "d9", code: "CHECKSUM_MISMATCH" }]);
  });

  test("resume leaves out what is there and right, and stores what isn't", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    await collection.push(source(50));
    const [wrong] = database.held.values();
    wrong.envelope = "damaged";
    const report = await collection.push(source(50), { resume: true });
    expect(report).toMatchObject({ stored: 1, skipped: 49, failed: [] });
    const changed = await collection.push(source(50, seeded(50, DIM, 2)), { resume: true });
    expect(changed).toMatchObject({ stored: 50, skipped: 0 });
  });

  test("from a row on, as a report says", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    expect(await collection.push(source(50), { from: 35, batch: 10 })).toMatchObject({
      rows: 50,
      stored: 15,
    });
    expect([...database.held.values()].map(({ original }) => original)).toContain("d35");
  });

  test("an abort ends it, with a report", async () => {
    const database = new MemoryDatabase();
    const collection = await collectionOf(database);
    const abort = new AbortController();
    database.before = ({ name, n }) => {
      if (name === "upsert" && n === 3) abort.abort();
    };
    const { code, report } = await failure(
      collection.push(source(100), { batch: 10, concurrency: 1, signal: abort.signal }),
    );
    expect(code).toBe("ABORTED");
    expect(report.stored).toBeLessThan(100);
    expect(report.stored).toBeGreaterThan(0);
  });
});

describe("pushing what is wrong", () => {
  const refused = (
    name: string,
    code: string,
    push: (collection: Awaited<ReturnType<typeof collectionOf>>) => Promise<unknown>,
  ): void => {
    test(`${name}: ${code}, and nothing is stored`, async () => {
      const database = new MemoryDatabase();
      const collection = await collectionOf(database);
      await expect(push(collection)).rejects.toMatchObject({ code });
      expect(database.calls.get("upsert") ?? 0).toBe(0);
    });
  };
  const vectors = seeded(3);
  const ids = ["a", "b", "c"];

  refused("vectors of another dim", "DIM_MISMATCH", (c) => c.upsert(ids, { vectors: seeded(3, DIM + 1) }));
  refused("a NaN in the last row", "NOT_FINITE", (c) => {
    const data = Float32Array.from(vectors.data);
    data[data.length - 1] = Number.NaN;
    return c.upsert(ids, { vectors: { ...vectors, data } }, { batch: 1 });
  });
  refused("codes of another codec", "CODEC_MISMATCH", (c) =>
    c.upsert(ids, { codes: int8.create({ dim: DIM + 1 }).encode(seeded(3, DIM + 1)) }),
  );
  refused("an id twice in a call", "DUPLICATE_ID", (c) => c.upsert(["a", "b", "a"], { vectors }));
  refused("an id too few", "ID_COUNT_MISMATCH", (c) => c.upsert(["a", "b"], { vectors }));
  refused("ids of another type", "INVALID_ARGUMENT", (c) => c.upsert([1, 2, 3], { vectors }));
  refused("a source with ids of another type", "COLLECTION_MISMATCH", (c) =>
    c.push({ count: 3, ids: IdColumn.from([1, 2, 3]), blocks: () => [{ vectors }] }),
  );
  refused("a field with one of our names", "INVALID_ARGUMENT", (c) =>
    c.upsert(ids, { vectors, payloads: [{}, { _pith_x: 1 }, {}] }),
  );
  refused("neither codes nor vectors", "INVALID_ARGUMENT", (c) => c.upsert(ids, {}));
  refused("payloads too few", "LENGTH_MISMATCH", (c) => c.upsert(ids, { vectors, payloads: [{}] }));
  for (const option of ["batch", "concurrency", "from", "sample", "seed"] as const)
    refused(`${option} that is none`, "INVALID_OPTION", (c) =>
      c.push(source(3), { [option]: -1 } satisfies PushOptions),
    );

  test("both rows of an id that repeats are named", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    await expect(collection.upsert(["a", "b", "a"], { vectors })).rejects.toMatchObject({
      details: { id: "a", rows: [0, 2] },
    });
  });

  test("a source that ends early has failed", async () => {
    const collection = await collectionOf(new MemoryDatabase());
    const short = { ...source(20), blocks: () => [{ vectors: seeded(10) }] };
    const { code, report } = await failure(collection.push(short));
    expect([code, report.stored]).toEqual(["PARTIAL_FAILURE", 10]);
  });
});
