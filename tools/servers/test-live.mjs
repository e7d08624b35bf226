/**
 * `npm run test:live`: the tests in `test/live` folders, against real engines.
 *
 *     node tools/servers/test-live.mjs [--require]
 *
 * Installs and starts what can be had here, runs the tests, stops everything. An engine that can't be had (no Go, no Python, no
 * network to install it) is left out, loudly; with --require that is a failure. The last line is "N passed, M failed, S
 * skipped"; exit code 0 means that no test failed and every server started. Everything runs in a network namespace with
 * nothing but loopback, where the system gives one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, setup, step } from "../bootstrap/setup.mjs";
import { installQdrantEngine, installWeaviate } from "./install.mjs";
import { runOnLoopback } from "./loopback.mjs";
import { runWith, withServers } from "./run.mjs";

const INSIDE = "PITH_LIVE_INSIDE";

const inside = process.env[INSIDE];
process.exitCode = inside === undefined ? await outside() : await live(JSON.parse(inside));

/** Installs, where there is a network; the rest in a process that has none. */
async function outside() {
  setup();
  step("installing the servers; Weaviate takes some minutes the first time");
  const [weaviate, qdrant] = await Promise.all([installWeaviate(), installQdrantEngine()]);
  const left = [];
  if (weaviate.reason !== undefined) left.push(`Weaviate: ${weaviate.reason}`);
  if (qdrant.reason !== undefined) left.push(`Qdrant's engine: ${qdrant.reason}`);
  const what = {
    ...(weaviate.program && { weaviate }),
    ...(qdrant.python && { qdrant }),
    left,
    required: process.argv.includes("--require"),
  };
  const env = { ...process.env, [INSIDE]: JSON.stringify(what) };
  return await runOnLoopback([process.execPath, fileURLToPath(import.meta.url)], env);
}

async function live({ left, required, ...what }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let status;
  try {
    status = await withServers(what, async (env) => {
      let worst = 0;
      for (const folder of liveFolders()) worst = Math.max(worst, await runTests(folder, env, counts));
      return worst;
    });
  } catch (error) {
    step(error.message);
    status = 1;
  }
  // The failure of a run that has no failed test to show must show in the counts all the same.
  if (status !== 0) counts.failed ||= 1;
  for (const line of left) {
    step(`NOT TESTED, ${line}`);
    if (required) {
      counts.failed++;
      status = 1;
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return status;
}

/** Packages that have live tests. */
function liveFolders() {
  return ["packages", "apps", "."]
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((entry) => join(ROOT, folder, entry)))
    .filter((folder) => existsSync(join(folder, "test/live")));
}

async function runTests(folder, env, counts) {
  const report = join(folder, ".reports", "live.json");
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const require = createRequire(join(folder, "package.json"));
  const vitest = join(dirname(require.resolve("vitest/package.json")), "vitest.mjs");
  const flags = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // Two files at a time: those of Weaviate mostly wait for its client.
  const limits = ["--testTimeout=240000", "--hookTimeout=120000", "--maxWorkers=2"];
  const status = await runWith(env, [process.execPath, vitest, "run", "test/live", ...flags, ...limits], {
    cwd: folder,
  });
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, "utf8"));
    counts.passed += numPassedTests;
    counts.failed += numFailedTests;
    counts.skipped += numPendingTests;
  }
  return status;
}
