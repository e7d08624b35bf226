/**
 * Modes of `@pith/adapters/qdrant` against Qdrant's engine behind a shim (not a Qdrant server):
 *
 *   node tools/servers/run.mjs qdrant -- pnpm --filter @pith/benchmarks bench:qdrant [-- --data FOLDER] [--rows N] [--queries N] [--rounds N]
 *
 * rows pushed and pulled a second, recall@10 against exact search, milliseconds a query, and bytes of a payload. A push waits for the
 * engine's index, which the shim builds inside of requests; a server builds it in the background. Medians of the rounds, which
 * take the modes in turn. Prints a table to stderr and JSON to stdout.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createQdrant, pullFile } from "@pith/adapters/qdrant";
import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import { BUNDLED, loadDataset } from "./datasets.mjs";
import { command, commit, machine } from "./machine.mjs";
import { exactTopK, recall } from "./quality.mjs";
import { median } from "./timing.mjs";

const K = 10;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
// The client is a dependency of the adapter's tests, not of this package.
const { QdrantClient } = createRequire(new URL("../../packages/adapters/package.json", import.meta.url))(
  "@qdrant/js-client-rest",
);

const args = process.argv.slice(2).filter((arg) => arg !== "--");
const { values } = parseArgs({
  args,
  options: {
    data: { type: "string" },
    rows: { type: "string", default: "20000" },
    queries: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
  },
});
const url = process.env.PITH_LIVE_QDRANT;
if (url === undefined)
  throw new Error("PITH_LIVE_QDRANT isn't set: run under tools/servers/run.mjs qdrant --");
const debian = process.env.PITH_DATA && join(process.env.PITH_DATA, "debian");
const folder = values.data ? resolve(values.data) : debian && existsSync(debian) ? debian : BUNDLED;
const { name: dataset, corpus, queries: all, dim, count } = await loadDataset(folder, Number(values.rows));
const queryCount = Math.min(Number(values.queries), all.length / dim);
const queries = all.subarray(0, queryCount * dim);
const truth = exactTopK(corpus, queries, dim, K);
const base = { data: corpus, dim, count };
const trained = (bits) => turboquant.train(base, { dim, bits });
const MODES = [
  ["payload", trained(4)],
  ["sidecar", trained(4)],
  ["sidecar", int8.create({ dim })],
  ["server", int8.create({ dim })],
  ["server", trained(4)],
  ["server", trained(2)],
  ["server", trained(1)],
];

const client = new QdrantClient({ url, checkCompatibility: false });
const scratch = mkdtempSync(join(tmpdir(), "pith-qdrant-"));
const runs = MODES.map(() => []);
try {
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, [mode, codec]] of MODES.entries()) {
      console.error(`round ${round + 1}: ${mode}, ${codec.name}, ${codec.stride} B`);
      runs[i].push(await measure(mode, codec, `bench_${process.pid}_${round}_${i}`));
    }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const modes = MODES.map(([mode, codec], i) => {
  const of = (pick) => median(runs[i].map(pick));
  const [{ quantizer, payloadBytes, recall10 }] = runs[i];
  return {
    ...{ mode, codec: codec.name, bytesPerVector: codec.stride, quantizer, payloadBytes, recall10 },
    pushedPerSecond: of((r) => r.pushedPerSecond),
    pulledPerSecond: of((r) => r.pulledPerSecond),
    msPerQuery: mode === "payload" ? null : of((r) => r.msPerQuery),
  };
});
console.error(
  "| mode | codec, B | Qdrant's quantizer | recall@10 | ms a query | pushed/s | pulled/s | payload, B |",
);
console.error("|---|---|---|---|---|---|---|---|");
for (const m of modes)
  console.error(
    `| ${m.mode} | ${m.codec}, ${m.bytesPerVector} | ${m.quantizer} | ${m.recall10?.toFixed(3) ?? "-"} | ` +
      `${m.msPerQuery?.toFixed(1) ?? "-"} | ${Math.round(m.pushedPerSecond)} | ${Math.round(m.pulledPerSecond)} | ${m.payloadBytes} |`,
  );
const report = {
  ...{
    engine: "qdrant-edge-py behind a shim, not a Qdrant server",
    dataset,
    rows: count,
    queries: queryCount,
    dim,
  },
  ...{ rounds: Number(values.rounds), modes, machine: machine(), ...commit(ROOT) },
  command: command(args).replace(" bench", " bench:qdrant"),
  load: existsSync("/proc/loadavg") ? readFileSync("/proc/loadavg", "utf8").trim() : null,
};
console.log(JSON.stringify(report, null, 2));

async function measure(mode, codec, name) {
  const collection = await createQdrant(client, name, { codec, mode, ids: "row" });
  try {
    const vectors = { data: corpus, dim, count };
    const { seconds } = await collection.push({ count, ids: undefined, blocks: () => [{ vectors }] });
    const found = new Uint32Array(queryCount * K);
    let msPerQuery = 0;
    if (mode !== "payload") {
      await collection.search(queries.slice(0, dim), K);
      const start = performance.now();
      for (let q = 0; q < queryCount; q++) {
        const hits = await collection.search(queries.slice(q * dim, (q + 1) * dim), K);
        found.set(
          hits.map(({ id }) => id),
          q * K,
        );
      }
      msPerQuery = (performance.now() - start) / queryCount;
    }
    const [{ payload }] = await client.retrieve(name, { ids: [0], with_payload: true });
    const pulled = await pullFile(collection, join(scratch, "out.pith"));
    return {
      quantizer: collection.settings.quantizer ?? "no vectors",
      payloadBytes: JSON.stringify(payload).length,
      recall10: mode === "payload" ? null : recall(found, truth, K, K),
      msPerQuery,
      pushedPerSecond: count / seconds,
      pulledPerSecond: count / pulled.seconds,
    };
  } finally {
    await collection.drop();
  }
}
