/**
 * Past one machine: a Weaviate cluster of three nodes, three shards, each on all three nodes. Vectors are pushed and searched; one
 * node is killed, searched without and pushed without; it comes back. Is anything lost, what does recall do, what does it all
 * take? Then the same vectors in other forms, for their bytes on disk.
 *
 *     npm run build && node examples/cluster/main.mjs [--count 200000] [--sizes 20000] [--queries 200] [--settle 300] [--json]
 *
 * The nodes are real and are started here (tools/servers; Go is needed once), on one machine: throughput is that of three nodes
 * that share its cores.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createWeaviate, openWeaviate } from "@pith/adapters/weaviate";
import { IdColumn } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { turboquant } from "@pith/turboquant";
import weaviate from "weaviate-client";
import { installWeaviate } from "../../tools/servers/install.mjs";
import { runOnLoopback } from "../../tools/servers/loopback.mjs";
import { stopOnSignals, stopServers } from "../../tools/servers/processes.mjs";
import { startWeaviate } from "../../tools/servers/weaviate.mjs";
import { bytesOnDisk, exactNearest, lostAndStrange, residentBytes, searchAll } from "./measure.mjs";
import { printReport } from "./report.mjs";
import { NOISE, tiledRows } from "./rows.mjs";

const NODES = 3;
const MEMORY = "2GiB";
/** The client takes half a second for a request of up to some 400 objects, however few they are. */
const PUSH = { batch: 400, concurrency: 6 };
const AT_ONCE = 8;
/** A request that is under way when a node dies may hang; the next one doesn't. */
const RETRY = { timeout: 30_000 };
const INSIDE = "PITH_CLUSTER_INSIDE";

let said = 0;
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200000" },
    sizes: { type: "string", default: "20000" },
    queries: { type: "string", default: "200" },
    // Seconds that replicas may take to agree again.
    settle: { type: "string", default: "300" },
    json: { type: "boolean", default: false },
  },
});

if (process.env[INSIDE] === undefined) {
  const { program, reason } = await installWeaviate();
  if (reason !== undefined) {
    console.error(`cluster: no Weaviate: ${reason}`);
    process.exit(1);
  }
  const env = { ...process.env, [INSIDE]: program };
  process.exitCode = await runOnLoopback([process.execPath, ...process.argv.slice(1)], env);
} else {
  const folder = mkdtempSync(join(tmpdir(), "pith-cluster-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  stopOnSignals(clean);
  try {
    const report = await run(process.env[INSIDE], folder);
    if (values.json) console.log(JSON.stringify(report));
    else printReport(report);
    if (report.steps.some(({ lost, strange }) => lost > 0 || strange > 0)) process.exitCode = 1;
  } finally {
    await stopServers();
    clean();
  }
}

async function run(program, folder) {
  const late = Math.max(1, Math.round(Number(values.count) / 100));
  const count = Number(values.count);
  say(`making ${count + late} rows`);
  const { name, ids, rows, real, queries } = await tiledRows(count + late, Number(values.queries));
  const { dim } = rows;
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const exact = exactNearest(queries, { ...rows, count });
  const exactWithLate = exactNearest(queries, rows);
  say(`starting ${NODES} nodes`);
  const nodes = await startWeaviate(program, { folder, nodes: NODES, memory: MEMORY });
  const clients = await Promise.all(nodes.map(connect));
  const [client] = clients;
  const codec = int8.create({ dim });
  const settings = { quantizer: "rq8", shards: 3, replicas: 3 };
  const collection = await createWeaviate(client, "Main", { codec, mode: "server", settings, retry: RETRY });
  const push = async (target, from, to) =>
    await target.push(
      {
        count: to - from,
        ids: IdColumn.from(ids.slice(from, to), "string"),
        blocks: (start) => [part(rows, from + start, to)],
      },
      { ...PUSH, onProgress: (done, of) => say(`pushed ${done} of ${of}`, true) },
    );

  const steps = [];
  const look = async (step, truth, upTo, more = {}) => {
    say(`${step}: searching`);
    const one = await searchAll(collection, queries, truth, rowOf, 1);
    const many = await searchAll(collection, queries, truth, rowOf, AT_ONCE);
    say(`${step}: reading every id`);
    const whole = await lostAndStrange(collection, ids.slice(0, upTo));
    steps.push({ step, points: await collection.count(), expected: upTo, ...whole, one, many, ...more });
  };
  say(`pushing ${count} rows`);
  const pushed = await push(collection, 0, count);
  const memory = nodes.map(({ pid }) => residentBytes(pid));
  await look("before", exact, count);

  say("killing node 3 (SIGKILL)");
  await nodes[2].kill();
  // Nothing waits for the others to notice.
  const first = await searchAll(collection, queries, exact, rowOf, AT_ONCE);
  const pushedLate = await push(collection, count, count + late);
  await look("one node down", exactWithLate, count + late, { first, pushed: pushedLate });

  say("starting node 3 again");
  const start = performance.now();
  await nodes[2].start(300_000);
  const backAfter = (performance.now() - start) / 1000;
  await look("all back", exactWithLate, count + late, { backAfter });
  // By the node that was away: its own replicas, which missed what was pushed without it.
  clients[2] = await connect(nodes[2]);
  const returned = await openWeaviate(clients[2], "Main");
  const missing = async () => (await lostAndStrange(returned, ids)).lost;
  say("all back: reading every id by the node that was away");
  const atFirst = await missing();
  const since = performance.now();
  let left = atFirst;
  while (left > 0 && performance.now() - since < Number(values.settle) * 1000) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    left = await missing();
    say(`all back: that node still misses ${left}`);
  }
  steps.at(-1).returned = {
    missedAtFirst: atFirst,
    missedAtLast: left,
    convergedAfter: left === 0 ? (performance.now() - since) / 1000 : null,
    recall: (await searchAll(returned, queries, exactWithLate, rowOf, 1)).recall,
  };

  const sizes = await forms(client, {
    queries,
    rowOf,
    push,
    rows: { ...rows, count: Math.min(Number(values.sizes), count) },
  });
  await Promise.all(clients.map((each) => each.close()));
  say("stopping, for sizes on disk");
  await stopServers();
  for (const each of sizes) each.disk = bytesOnDisk(nodes, each.name) / each.rows;
  const disk = bytesOnDisk(nodes, "Main");
  return {
    data: { name, real, noise: NOISE, dim, count, late, queries: queries.count },
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length, node: process.versions.node },
    cluster: { nodes: NODES, memory: MEMORY, ...collection.settings },
    pushed,
    memory,
    disk,
    steps,
    sizes,
  };
}

/** The same rows once on the disk in each form, and searched where that form can be. */
async function forms(client, { rows, queries, rowOf, push }) {
  const { dim, count } = rows;
  if (count === 0) return [];
  const exact = exactNearest(queries, rows);
  const tq4 = turboquant.create({ dim, bits: 4 });
  const one = int8.create({ dim });
  const sizes = [];
  for (const [name, label, mode, codec, quantizer] of [
    ["SizeNone", "float32, no quantizer", "server", one, "none"],
    ["SizeRq8", "rq of 8 bits", "server", one, "rq8"],
    ["SizeRq4", "rq of 4 bits", "server", one, "rq4"],
    ["SizeRq1", "rq of 1 bit", "server", one, "rq1"],
    ["SizeSidecar", "sidecar, int8 over rq of 8 bits", "sidecar", one, "rq8"],
    ["SizePayload8", "payload, int8", "payload", one, undefined],
    ["SizePayload4", "payload, turboquant of 4 bits", "payload", tq4, undefined],
  ]) {
    say(`${label}: pushing ${count} rows`);
    const settings = { ...(quantizer ? { quantizer } : {}), shards: 3, replicas: 1 };
    const collection = await createWeaviate(client, name, { codec, mode, settings });
    const { seconds } = await push(collection, 0, count);
    const searched = mode === "payload" ? null : await searchAll(collection, queries, exact, rowOf, 1);
    sizes.push({ name, label, rows: count, stride: codec.stride, perSecond: count / seconds, searched });
  }
  return sizes;
}

async function connect({ http, grpc }) {
  const httpHost = "127.0.0.1";
  return await weaviate.connectToCustom({
    httpHost,
    httpPort: http,
    httpSecure: false,
    grpcHost: httpHost,
    grpcPort: grpc,
    grpcSecure: false,
    timeout: { query: 120, insert: 300, init: 30 },
  });
}

function part({ data, dim }, from, to) {
  return { vectors: { data: data.subarray(from * dim, to * dim), dim, count: to - from } };
}

/** On standard error; `often`: no more than every five seconds. */
function say(line, often = false) {
  if (often && Date.now() - said < 5000) return;
  said = Date.now();
  console.error(`cluster: ${line}`);
}
