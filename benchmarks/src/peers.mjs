/** Where the peers are installed: in folders that git ignores, by setup.mjs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PEERS = fileURLToPath(new URL("../peers", import.meta.url));
export const PYTHON = join(PEERS, ".venv", "bin", "python");

/** What is installed of the runtimes that peers need. */
export function installed() {
  return { node: existsSync(join(PEERS, "node_modules", "usearch")), python: existsSync(PYTHON) };
}
