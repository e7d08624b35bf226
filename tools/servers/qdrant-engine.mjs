/**
 * Qdrant's engine behind a REST shim of ours (qdrant-engine/shim.py): not a Qdrant server. No gRPC, cluster, snapshots, aliases or
 * API keys.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "./ports.mjs";
import { ServerProcess } from "./processes.mjs";

const SHIM = fileURLToPath(new URL("qdrant-engine/shim.py", import.meta.url));
const FIRST_PORT = 16_333;

/**
 * @param {string} python of `installQdrantEngine`
 * @param {{ folder: string }} options `folder`: for data and the log
 * @returns the running process with its `url`
 */
export async function startQdrantEngine(python, { folder }) {
  const port = await freePorts(1, FIRST_PORT);
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  const server = new ServerProcess({
    name: "the shim over Qdrant's engine",
    command: [python, SHIM, "--port", String(port), "--data", data],
    log: join(folder, "shim.log"),
    ready: async () => (await fetch(`${url}/readyz`)).ok,
    env: { PATH: process.env.PATH, HOME: folder },
  });
  await server.start();
  return Object.assign(server, { url });
}
