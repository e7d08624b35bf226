/**
 * `pnpm --filter @pith/benchmarks bench:setup`: installs the peers, at the versions that peers/ pins, into folders that git
 * ignores. They are no part of the workspace, so nobody who builds or tests Pith downloads them. Python comes from
 * PYTHON, or is `python3`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { PEERS, PYTHON } from "./peers.mjs";

run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error");
if (!existsSync(PYTHON)) run(process.env.PYTHON ?? "python3", "-m", "venv", ".venv");
run(PYTHON, "-m", "pip", "install", "--quiet", "-r", "requirements.txt");
console.log("the peers are installed");

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: PEERS, stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(1);
}
