/** `pith push` and `pith pull`, before a fake of Qdrant: what they say, and what they do on a bad day. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FakeQdrant } from "../../../packages/adapters/test/faults/fake-qdrant.ts";
import { FaultProxy } from "../../../packages/adapters/test/faults/fault-proxy.ts";
import { npy, put, randomVectors } from "./inputs.ts";
import { expectFailure, expectOneLine, folder, json, outcome, pith, start, text } from "./pith.ts";
import { refused } from "./refused.ts";

const KEY = "sesame-41d9";
const ROWS = 700;

let fake: FakeQdrant;
let proxy: FaultProxy;

beforeAll(async () => {
  fake = await FakeQdrant.start();
  proxy = await FaultProxy.start(fake.url);
});
afterAll(async () => {
  await proxy.close();
  await fake.close();
});

const at = (collection: string): string => `qdrant://127.0.0.1:${proxy.port}/${collection}`;

/** A folder with a file of codes with ids. */
async function withCodes(): Promise<string> {
  const cwd = folder();
  const ids = Array.from({ length: ROWS }, (_, i) => `paper ${i}`);
  put(cwd, { "in.npy": npy(randomVectors(ROWS, 8, 1)), "ids.txt": ids.join("\n") });
  await text(["compress", "in.npy", "-o", "a.pith", "--codec", "turboquant", "--ids", "ids.txt"], { cwd });
  proxy.fault = () => undefined;
  return cwd;
}

describe("pith push and pull", () => {
  test("give the same file to the last byte, and a line each", async () => {
    const cwd = await withCodes();
    const url = at("same");
    expect(await text(["push", "a.pith", url, "--mode", "payload"], { cwd })).toBe(
      `${url}: 700 of 700 rows stored, payload, turboquant; 700 points counted, 256 checksums read back\n`,
    );
    expect(await text(["pull", url, "b.pith"], { cwd })).toMatch(
      /^b\.pith: 700 x 8, turboquant, [\d.]+ kB\n$/,
    );
    expect(Buffer.compare(readFileSync(join(cwd, "b.pith")), readFileSync(join(cwd, "a.pith")))).toBe(0);
  });

  test("--json says all", async () => {
    const cwd = await withCodes();
    const pushed = await json(["push", "a.pith", at("said"), "--mode", "payload", "--batch", "100"], { cwd });
    expect(pushed).toMatchObject({
      url: at("said"),
      mode: "payload",
      codec: "turboquant",
      dim: 8,
      metric: "cosine",
      settings: { vectors: "none" },
      rows: ROWS,
      stored: ROWS,
      skipped: 0,
      failed: [],
      check: { points: ROWS, sampled: 256 },
    });
    const pulled = await json(["pull", at("said"), "b.pith"], { cwd });
    expect(pulled).toMatchObject({ file: "b.pith", kind: "codes", mode: "payload", count: ROWS });
  });

  test("vectors are compressed on the way", async () => {
    const cwd = await withCodes();
    const args = [
      "push",
      "in.npy",
      at("vectors"),
      "--codec",
      "turboquant",
      "--ids",
      "ids.txt",
      "--mode",
      "payload",
    ];
    await text(args, { cwd });
    await text(["pull", at("vectors"), "b.pith"], { cwd });
    expect(Buffer.compare(readFileSync(join(cwd, "b.pith")), readFileSync(join(cwd, "a.pith")))).toBe(0);
  });

  test("a file without originals says what is sent instead", async () => {
    const cwd = await withCodes();
    const { status, stderr } = await pith(["push", "a.pith", at("decoded")], { cwd });
    expect([status, stderr]).toEqual([
      0,
      "pith: note: a.pith keeps no originals: the server searches what its codes decode to\n",
    ]);
  });

  test("a server that goes down half-way: exit code 1, one line, and what failed with --json; --resume goes on", async () => {
    const cwd = await withCodes();
    proxy.fault = ({ method, path, n }) =>
      method === "PUT" && path === "/collections/half/points" && n > 2
        ? { kind: "answer", status: 400, body: '{"status":{"error":"no room"}}' }
        : undefined;
    const args = ["push", "a.pith", at("half"), "--mode", "payload", "--batch", "100", "--concurrency", "1"];
    const { status, stdout, stderr } = await pith([...args, "--json"], { cwd });
    expect(status).toBe(1);
    expectOneLine(stderr, "PARTIAL_FAILURE", /200 of 700 rows are stored, \d+ failed, .*no room/);
    const { stored, failed } = JSON.parse(stdout) as {
      stored: number;
      failed: { id: string; code: string }[];
    };
    expect(stored).toBe(200);
    expect(failed[0]).toMatchObject({ row: 200, id: "paper 200", code: "REMOTE_REFUSED" });
    proxy.fault = () => undefined;
    expect(await text([...args, "--resume"], { cwd })).toContain("500 of 700 rows stored, 200 there already");
  });

  test("a wrong key: exit code 1, one line, without the key, with --debug too", async () => {
    const cwd = await withCodes();
    proxy.fault = () => ({ kind: "answer", status: 401, body: `{"status":{"error":"bad key ${KEY}"}}` });
    for (const args of [
      ["push", "a.pith", at("key"), "--mode", "payload"],
      ["pull", at("key"), "b.pith"],
    ]) {
      const env = { QDRANT_API_KEY: KEY };
      const failed = await pith(args, { cwd, env });
      expect([failed.status, failed.stdout]).toEqual([1, ""]);
      expectOneLine(failed.stderr, "UNAUTHORIZED", /the server refused the key \(401\)/);
      const debug = await pith([...args, "--debug"], { cwd, env });
      expect(debug.stderr).toContain("at ");
      expect(failed.stderr + debug.stderr).not.toContain(KEY);
    }
    // It did go to the server.
    expect(proxy.seen.at(-1)?.headers["api-key"]).toBe(KEY);
  });

  test("a server that is down: exit code 1, one line, nothing written", async () => {
    const cwd = await withCodes();
    const gone = await FaultProxy.start(fake.url);
    const { port } = gone;
    await gone.close();
    const url = `qdrant://127.0.0.1:${port}/c`;
    await expectFailure(
      cwd,
      ["pull", url, "b.pith"],
      1,
      "UNAVAILABLE",
      /nothing listens there \(connection refused\)/,
    );
  });

  test("a collection of another codec, metric or dim: exit code 2, and nothing is sent", async () => {
    const cwd = await withCodes();
    await text(["push", "a.pith", at("other"), "--mode", "payload"], { cwd });
    put(cwd, { "wide.npy": npy(randomVectors(20, 9, 1)) });
    const sent = fake.collections.get("other")?.points.size;
    for (const [args, code] of [
      [["in.npy", "--codec", "int8", "--ids", "ids.txt"], "CODEC_MISMATCH"],
      [["in.npy", "--codec", "turboquant", "--ids", "ids.txt", "--metric", "l2"], "COLLECTION_MISMATCH"],
      [["in.npy", "--codec", "turboquant"], "COLLECTION_MISMATCH"],
      [["wide.npy", "--codec", "turboquant"], "DIM_MISMATCH"],
    ] as const) {
      const [file, ...rest] = args;
      await expectFailure(
        cwd,
        ["push", file, at("other"), "--mode", "payload", ...rest],
        2,
        code,
        /collection "other"/,
      );
    }
    expect(fake.collections.get("other")?.points.size).toBe(sent);
  });

  test("a pull that finds damage leaves the old file", async () => {
    const cwd = await withCodes();
    put(cwd, { "old.pith": "old" });
    await text(["push", "a.pith", at("damage"), "--mode", "payload"], { cwd });
    const [point] = fake.collections.get("damage")?.points.values() ?? [];
    point.payload = { ...point.payload, _pith: "AAAA" };
    await expectFailure(
      cwd,
      ["pull", at("damage"), "old.pith"],
      2,
      "CORRUPT_CODES",
      new RegExp(String(point.id)),
    );
  });

  for (const signal of ["SIGINT", "SIGKILL"] as const)
    test(`${signal} in the middle: --resume goes on`, async () => {
      const cwd = await withCodes();
      let release: (value?: unknown) => void = () => {};
      const until = new Promise((resolve) => {
        release = resolve;
      });
      const points = `/collections/${signal}/points`;
      proxy.fault = ({ method, path, n }) =>
        method === "PUT" && path === points && n === 3 ? { kind: "slow", until } : undefined;
      const args = [
        "push",
        "a.pith",
        at(signal),
        "--mode",
        "payload",
        "--batch",
        "100",
        "--concurrency",
        "1",
      ];
      const child = start(args, { cwd });
      const ended = outcome(child);
      await vi.waitUntil(
        () => proxy.seen.filter(({ method, path }) => method === "PUT" && path === points).length === 3,
        {
          timeout: 60_000,
        },
      );
      child.kill(signal);
      const { status, stdout, stderr } = await ended;
      release();
      expect([status, stdout]).toEqual([signal === "SIGINT" ? 130 : null, ""]);
      if (signal === "SIGINT") expectOneLine(stderr, "ABORTED", /200 of 700 rows are stored/);
      proxy.fault = () => undefined;
      // The third request may have been done after all.
      expect(await text([...args, "--resume"], { cwd })).toMatch(
        /: [45]00 of 700 rows stored, [23]00 there already/,
      );
      expect(fake.collections.get(signal)?.points.size).toBe(ROWS);
    });

  test("a collection that isn't there: exit code 2", async () => {
    await expectFailure(
      folder(),
      ["pull", at("nowhere"), "b.pith"],
      2,
      "COLLECTION_MISMATCH",
      /there is none/,
    );
  });
});

const URL_OF = /^pith: address: /;
for (const [name, url] of [
  ["no scheme", "localhost:6333/documents"],
  ["a scheme that nobody has", "qdrat://localhost/documents"],
  ["no collection", "qdrant://localhost:6333"],
  ["a path", "qdrant://localhost:6333/a/b"],
  ["a port that is none", "qdrant://localhost:99999/documents"],
  ["a fragment", "qdrant://localhost/documents#top"],
  ["a setting that nobody has", "qdrant://localhost/documents?quantiser=int8"],
] as const) {
  refused(`push: an address with ${name}`, ["push", "a.pith", url], "INVALID_ARGUMENT", URL_OF);
  refused(`pull: an address with ${name}`, ["pull", url, "out.pith"], "INVALID_ARGUMENT", URL_OF);
}
refused(
  "a mode that nobody has",
  ["push", "a.pith", "qdrant://localhost/c", "--mode", "sidecart"],
  "INVALID_ARGUMENT",
  /did you mean "sidecar"/,
);
refused(
  "a batch of none",
  ["push", "a.pith", "qdrant://localhost/c", "--batch", "0"],
  "INVALID_ARGUMENT",
  /--batch/,
);
refused(
  "vectors without a codec",
  ["push", "in.npy", "qdrant://localhost/c"],
  "UNSUPPORTED_FORMAT",
  /vectors need --codec/,
);
refused(
  "options of a codec without one",
  ["push", "a.pith", "qdrant://localhost/c", "--metric", "dot"],
  "INVALID_ARGUMENT",
  /go with --codec/,
);

test("a password in an address is refused and not repeated", async () => {
  const cwd = folder();
  const { status, stderr } = await pith(["pull", "qdrant://me:hunter2@localhost/c", "out.pith"], { cwd });
  expect(status).toBe(2);
  expectOneLine(stderr, "INVALID_ARGUMENT", /set QDRANT_API_KEY/);
  expect(stderr).not.toMatch(/hunter2|\bme\b/);
});

test("a key doesn't leave the machine without TLS", async () => {
  const { status, stderr } = await pith(["pull", "qdrant://db.example/c", "out.pith"], {
    cwd: folder(),
    env: { QDRANT_API_KEY: KEY },
  });
  expect(status).toBe(2);
  expectOneLine(stderr, "INVALID_ARGUMENT", /use qdrants:\/\//);
  expect(stderr).not.toContain(KEY);
});
