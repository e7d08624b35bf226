/**
 * The servers that the adapters are tested against, from package registries only: Weaviate built by `go install`, Qdrant's
 * engine from PyPI. Each is installed once and used again.
 *
 *     node tools/servers/install.mjs [weaviate] [qdrant]
 *
 * Weaviate takes about 200 s of two cores, 1.8 GiB of memory and 3.6 GiB of Go's own caches; its program (140 MB) is kept in the
 * user's cache folder, or in the one that PITH_SERVERS names. Exit code 0: everything asked for is there.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonWith } from "../python/venv.mjs";
import { untilParentDies } from "./processes.mjs";

/** The newest that `go install` can build: a later one needs a module that the Go proxy doesn't serve. */
export const WEAVIATE_VERSION = "v1.39.3";
/** Qdrant's storage engine as Qdrant publishes it for Python. */
export const QDRANT_ENGINE = "qdrant-edge-py==0.9.0";
/** Of Go: from there on it fetches the version that a module asks for, here 1.26. */
const LEAST_GO = [1, 21];

const CACHE =
  process.env.PITH_SERVERS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pith");

/** @returns {Promise<{ program: string } | { reason: string }>} Weaviate's program, or in one line why there is none */
export async function installWeaviate() {
  const program = join(CACHE, `weaviate-server-${WEAVIATE_VERSION}`);
  if (existsSync(program)) return { program };
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status !== 0) return { reason: "there is no Go" };
  const [major, minor] = /go(\d+)\.(\d+)/.exec(go.stdout)?.slice(1).map(Number) ?? [0, 0];
  if (major < LEAST_GO[0] || (major === LEAST_GO[0] && minor < LEAST_GO[1]))
    return { reason: `Go ${major}.${minor} is older than ${LEAST_GO.join(".")}` };
  mkdirSync(CACHE, { recursive: true });
  // Two builds at once do no harm: each has a folder of its own, and the last rename stands.
  const folder = mkdtempSync(join(CACHE, "build-"));
  try {
    const named = "github.com/weaviate/weaviate/usecases/build";
    const flags = `-s -w -X ${named}.Revision=${WEAVIATE_VERSION} -X ${named}.BuildUser=pith`;
    const source = `github.com/weaviate/weaviate/cmd/weaviate-server@${WEAVIATE_VERSION}`;
    const build = ["go", "install", "-p", "2", "-trimpath", `-ldflags=${flags}`, source];
    // Files of the module cache that can't be written can't be deleted by their owner without more ado.
    const env = { ...process.env, GOBIN: folder, GOFLAGS: `${process.env.GOFLAGS ?? ""} -modcacherw`.trim() };
    const { status, errors } = await run(
      process.platform === "win32" ? build : [...untilParentDies(), "nice", ...build],
      env,
    );
    if (status !== 0)
      return { reason: errors.trim().split("\n").at(-1) || `go install ended with ${status}` };
    renameSync(join(folder, "weaviate-server"), program);
    return { program };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<{ python: string } | { reason: string }>} a Python that has Qdrant's engine, or why there is none */
export async function installQdrantEngine() {
  return await pythonWith([QDRANT_ENGINE]);
}

function run([command, ...args], env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors = (errors + text).slice(-10_000);
    });
    child.on("error", ({ message }) => resolve({ status: null, errors: message }));
    child.on("close", (status) => resolve({ status, errors }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const kinds = { weaviate: installWeaviate, qdrant: installQdrantEngine };
  for (const kind of wanted.length > 0 ? wanted : Object.keys(kinds)) {
    if (!Object.hasOwn(kinds, kind)) {
      console.error(`install: expected weaviate or qdrant, got ${kind}`);
      process.exit(2);
    }
    const { reason, program, python } = await kinds[kind]();
    console.log(`${kind}: ${reason === undefined ? (program ?? python) : `not installed: ${reason}`}`);
    if (reason !== undefined) process.exitCode = 1;
  }
}
