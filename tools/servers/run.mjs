/**
 * Servers for as long as a command runs, or until Ctrl-C:
 *
 *     node tools/servers/run.mjs [weaviate[:NODES]] [qdrant] [-- COMMAND ARGS]
 *
 * installs what isn't there, starts it with data and logs in a temporary folder, gives COMMAND the variables that the live tests
 * read, and stops and deletes everything. Exit code: the command's. A log is kept where a server didn't start or the command
 * failed, and its place is printed.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installQdrantEngine, installWeaviate } from "./install.mjs";
import { stopOnSignals, stopServers } from "./processes.mjs";
import { startQdrantEngine } from "./qdrant-engine.mjs";
import { startWeaviate } from "./weaviate.mjs";

/** A default quantizer that nobody asked for, as newer servers have, and small messages, so that large ones are soon found. */
const UNKIND = { DEFAULT_QUANTIZATION: "rq-8", GRPC_MAX_MESSAGE_SIZE: String(8 * 2 ** 20) };
const USAGE = "expected weaviate, weaviate:1 to weaviate:3, or qdrant";

/**
 * Starts what is named, calls `use` with the variables that tell of it, and stops it, whatever happens.
 * @param {{ weaviate?: { program: string, nodes?: number }, qdrant?: { python: string } }} what
 * @param {(env: Record<string, string>) => Promise<number>} use its value is an exit code: the logs are kept unless it is 0
 * @returns {Promise<number>} that exit code
 */
export async function withServers({ weaviate, qdrant }, use) {
  const folder = mkdtempSync(join(tmpdir(), "pith-servers-"));
  stopOnSignals(() => rmSync(folder, { recursive: true, force: true }));
  let status = 1;
  try {
    const env = {};
    if (weaviate) {
      // Of no use to anyone else, and needed: some of Weaviate's ports listen on all interfaces.
      const key = randomUUID();
      const options = { folder: join(folder, "weaviate"), nodes: weaviate.nodes, key, env: UNKIND };
      const [{ http, grpc }] = await startWeaviate(weaviate.program, options);
      env.PITH_LIVE_WEAVIATE = `weaviate://127.0.0.1:${http}?grpc=${grpc}`;
      env.PITH_LIVE_WEAVIATE_KEY = key;
    }
    if (qdrant) {
      const { url } = await startQdrantEngine(qdrant.python, { folder: join(folder, "qdrant") });
      env.PITH_LIVE_QDRANT = url;
    }
    status = await use(env);
  } finally {
    await stopServers();
    if (status === 0) rmSync(folder, { recursive: true, force: true });
    else console.error(`servers: logs and data are kept in ${folder}`);
  }
  return status;
}

/** A command to its end, with more variables. @returns its exit code */
export async function runWith(env, [program, ...args], options = {}) {
  const child = spawn(program, args, { stdio: "inherit", ...options, env: { ...process.env, ...env } });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Parses `weaviate[:NODES]` and `qdrant`, and installs them. @throws Error where one can't be had */
async function wanted(names) {
  const what = {};
  for (const name of names) {
    const [, kind, nodes = "1"] =
      /^(?:(weaviate)(?::([1-3]))?|qdrant)$/.exec(name) ?? fail(`${USAGE}, got ${name}`);
    const installed = await (kind ? installWeaviate() : installQdrantEngine());
    if (installed.reason !== undefined) fail(`${name}: ${installed.reason}`);
    if (kind) what.weaviate = { ...installed, nodes: Number(nodes) };
    else what.qdrant = installed;
  }
  return what;
}

function fail(line) {
  throw new Error(line);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const dashes = words.indexOf("--");
  const [names, command] = dashes < 0 ? [words, []] : [words.slice(0, dashes), words.slice(dashes + 1)];
  try {
    if (names.length === 0) fail(USAGE);
    process.exitCode = await withServers(await wanted(names), async (env) => {
      if (command.length > 0) return await runWith(env, command);
      for (const [name, value] of Object.entries(env)) console.log(`export ${name}='${value}'`);
      console.log("# Ctrl-C stops them");
      return await new Promise(() => setInterval(() => {}, 2 ** 30));
    });
  } catch (error) {
    console.error(`servers: ${error.message}`);
    process.exitCode = 1;
  }
}
