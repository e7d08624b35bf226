/**
 * `pnpm --filter @pith/benchmarks bench:open`: how long it takes until a large file has answered its first query. Writes
 * a file of int8 or another codec with string ids (debian of PITH_DATA repeated with seeded noise, or synthetic vectors without it), then
 * starts new processes that open it, each mapped (with one thread and with all), mapped and verified in full, and read. Times
 * are from before `FlatIndex.fromFile` to the first ten hits, with the file in the page cache: the median of the runs and the
 * least. Cold is the first time in a process, with all that it loads and compiles, the native addon included; warm is
 * the best of four more, each on a mapping of its own.
 *
 *   --rows N (500000)   --dim N (384, of synthetic vectors)   --runs N (9)   --codec NAME (int8; turboquant, trained)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FlatIndex } from "@pith/codec-core";
import { loadDataset } from "./datasets.mjs";
import { command, commit, machine } from "./machine.mjs";
import { NOISE, tile } from "./tiled.mjs";
import { median } from "./timing.mjs";

const BLOCK = 20_000;
/** Loaded by those that need them alone: what a process loads counts. */
const FAMILIES = {
  int8: async () => (await import("@pith/int8")).int8,
  turboquant: async () => (await import("@pith/turboquant")).turboquant,
};

const ONE = "--one";
if (process.argv[2] === ONE)
  await one(process.argv[3], JSON.parse(process.argv[4]), await FAMILIES[process.argv[6]]());
else await all();

/** A process of its own: opens, asks once, then does both again in warm code. */
async function one(path, options, family) {
  const query = new Float32Array(Number(process.argv[5])).fill(0.05);
  const times = [];
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    const index = await FlatIndex.fromFile(path, family, options);
    const opened = performance.now();
    const hits = index.search(query, 10);
    times.push({ open: opened - start, first: performance.now() - opened, total: performance.now() - start });
    index[Symbol.dispose]();
    if (hits.length !== 10 || typeof hits[0].id !== "string")
      throw new Error("expected ten hits with string ids");
  }
  const warm = times.slice(1);
  console.log(JSON.stringify({ cold: times[0], warm: warm.reduce((a, b) => (a.total < b.total ? a : b)) }));
}

async function all() {
  const args = process.argv.slice(2).filter((arg) => arg !== "--");
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: "string", default: "500000" },
      dim: { type: "string", default: "384" },
      runs: { type: "string", default: "9" },
      codec: { type: "string", default: "int8" },
    },
  });
  if (!Object.hasOwn(FAMILIES, values.codec)) {
    console.error(`bench:open: --codec: expected ${Object.keys(FAMILIES).join(" or ")}, got ${values.codec}`);
    process.exit(2);
  }
  const folder = mkdtempSync(join(tmpdir(), "pith-open-"));
  try {
    const path = join(folder, "index.pith.safetensors");
    const { dim, source } = await write(path, Number(values.rows), Number(values.dim), values.codec);
    const results = {};
    for (const [name, options, threads] of [
      ["mapped, header verified", { map: true, verify: "header" }, 1],
      [`mapped, header verified, ${availableParallelism()} threads`, { map: true, verify: "header" }],
      ["mapped, all verified", { map: true }, 1],
      ["read, all verified", {}, 1],
    ]) {
      const runs = Array.from({ length: Number(values.runs) }, () =>
        child(path, options, dim, threads, values.codec),
      );
      const round = (ms) => Number(ms.toFixed(2));
      const of = (kind, part) => round(median(runs.map((run) => run[kind][part])));
      const least = (kind) => round(Math.min(...runs.map((run) => run[kind].total)));
      results[name] = Object.fromEntries(
        ["cold", "warm"].map((kind) => [
          kind,
          {
            open: of(kind, "open"),
            first: of(kind, "first"),
            total: of(kind, "total"),
            least: least(kind),
          },
        ]),
      );
    }
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const load = existsSync("/proc/loadavg") ? readFileSync("/proc/loadavg", "utf8").trim() : null;
    const about = {
      machine: machine(),
      ...commit(root),
      command: command(args).replace(" bench", " bench:open"),
      load,
    };
    console.log(
      JSON.stringify(
        { codec: values.codec, rows: Number(values.rows), dim, source, milliseconds: results, ...about },
        null,
        2,
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function child(path, options, dim, threads = availableParallelism(), codec) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), ONE, path, JSON.stringify(options), String(dim), codec],
    { encoding: "utf8", env: { ...process.env, PITH_THREADS: String(threads) } },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function write(path, rows, syntheticDim, name) {
  const root = process.env.PITH_DATA;
  const folder = root === undefined ? undefined : join(root, "debian");
  const real = folder !== undefined && existsSync(folder) ? await loadDataset(folder, BLOCK) : undefined;
  const dim = real?.dim ?? syntheticDim;
  const base = real?.corpus ?? Float32Array.from({ length: dim }, (_, i) => i / dim ** 1.5);
  const family = await FAMILIES[name]();
  const codec = family.train
    ? family.train({ data: base, dim, count: base.length / dim }, { dim })
    : family.create({ dim });
  const index = new FlatIndex(codec);
  for (let start = 0; start < rows; start += BLOCK) {
    const count = Math.min(BLOCK, rows - start);
    const ids = Array.from({ length: count }, (_, i) => `package-${start + i}`);
    index.add(ids, { data: tile(base, dim, count, start), dim, count });
  }
  await index.toFile(path);
  return { dim, source: real ? `debian, repeated with noise of ${NOISE}` : "synthetic" };
}
