/**
 * The built package in a real browser: the Chromium that PITH_CHROMIUM names loads dist/ as it is, without a bundler,
 * with and without the right to run WebAssembly, and posts what it found. Skipped otherwise.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const DIST = join(import.meta.dirname, "../../dist");
const chromium = process.env["PITH_CHROMIUM"];
if (!chromium) console.warn("the kernels are NOT tested in a browser: PITH_CHROMIUM names none");

/** Runs in the page: both kernels on the same rows. */
const PAGE = `
import { backendReport, kernels, SplitMix64, useBackend } from "/index.js";
const random = new SplitMix64(40);
const [dim, count, n, k] = [100, 3000, 5, 10];
const floats = (length) => Float32Array.from({ length }, () => random.gaussian());
const [data, queries] = [floats(count * dim), floats(n * dim)];
const run = (choice) => {
  useBackend(choice);
  const found = kernels();
  const codes = new Uint8Array(count * (dim + 4));
  const half = new Uint16Array(data.length);
  const start = performance.now();
  found.int8Encode(data, dim, false, codes);
  found.toFloat16(data, half);
  const hits = [codes, half, data].flatMap((rows) => ["dot", "l2"].map((metric) => {
    const out = { slots: new Uint32Array(n * k), scores: new Float32Array(n * k) };
    const search = rows === codes ? found.int8TopK : found.floatTopK;
    search(metric, queries, rows, dim, k, undefined, out);
    return [[...out.slots], [...new Uint32Array(out.scores.buffer)]];
  }));
  const ms = performance.now() - start;
  return { isa: found.isa, ms, crc: kernels().crc32c(codes, 0), hits: JSON.stringify(hits) };
};
let result;
try {
  const { backend, isa, portable, reason } = backendReport();
  const [fast, oracle] = [run({ backend: "portable" }), run({ backend: "portable", isa: "typescript" })];
  const same = fast.hits === oracle.hits && fast.crc === oracle.crc;
  result = { backend, isa, portable, reason, same, ms: [fast.ms, oracle.ms], agent: navigator.userAgent };
} catch (error) {
  result = { error: String(error) };
}
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
`;

interface Found {
  readonly backend: string;
  readonly isa: string;
  readonly portable: readonly string[];
  readonly reason: string;
  readonly same: boolean;
}

test.skipIf(!chromium)(
  "WebAssembly SIMD gives the bits of TypeScript in Chromium",
  async () => {
    const found = await inChromium("");
    console.log(JSON.stringify(found));
    expect(found).toMatchObject({ backend: "portable", isa: "simd128", same: true });
    expect(found.portable).toEqual(["typescript", "simd128"]);
    expect(found.reason).toBe("no Node.js modules here");
  },
  60_000,
);

test.skipIf(!chromium)(
  "a page whose policy forbids WebAssembly gets TypeScript and the reason",
  async () => {
    const found = await inChromium("script-src 'self'");
    expect(found).toMatchObject({
      backend: "portable",
      isa: "typescript",
      portable: ["typescript"],
      same: true,
    });
    expect(found.reason).toMatch(/^no Node\.js modules here; WebAssembly can't start: /);
  },
  60_000,
);

/** Opens the page under a content security policy and gives what it posts. */
async function inChromium(policy: string): Promise<Found> {
  const profile = mkdtempSync(join(tmpdir(), "pith-chromium-"));
  let posted: (found: Found) => void = () => undefined;
  const result = new Promise<Found>((resolve) => {
    posted = resolve;
  });
  const server = serve(policy, posted);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn(chromium as string, [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
  const gone = new Promise<number | null>((exited) => browser.on("exit", exited));
  const early = gone.then((code) => {
    throw new Error(`Chromium left with ${code}`);
  });
  try {
    return await Promise.race([result, early]);
  } finally {
    early.catch(() => undefined);
    browser.kill();
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function serve(policy: string, done: (found: Found) => void): Server {
  return createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.end();
        done(JSON.parse(body));
      });
      return;
    }
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (policy) response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Content-Type", path === "/" ? "text/html" : "text/javascript");
    if (path === "/") response.end('<!doctype html><script type="module" src="/page.js"></script>');
    else if (path === "/page.js") response.end(PAGE);
    else if (/^\/[\w/-]+\.js$/.test(path)) response.end(readFileSync(join(DIST, path)));
    else response.writeHead(404).end();
  });
}
