/**
 * `pnpm --filter @pith/benchmarks bench:setup:langchain`: installs the stores that bench:langchain compares with, at the versions
 * that peers/langchain pins, into a folder that git ignores. hnswlib-node is compiled: it needs a C++ compiler.
 * `@langchain/community` asks for an older LanceDB than is pinned: its store works with this one.
 */
import { spawnSync } from "node:child_process";
import { LANGCHAIN_PEERS } from "./langchain-stores.mjs";

const args = [
  "install",
  "--no-package-lock",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
  "--legacy-peer-deps",
];
const { status, error } = spawnSync("npm", args, { cwd: LANGCHAIN_PEERS, stdio: "inherit" });
if (error) console.error(`npm: ${error.message}`);
if (status !== 0) process.exit(1);
console.log("the stores are installed");
