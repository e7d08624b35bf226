/** What a figure needs beside it: the machine, the commit and the command. No host names, no paths. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename } from "node:path";

const FLAGS = [
  "avx2",
  "fma",
  "f16c",
  "avx512f",
  "avx512bw",
  "avx512vl",
  "avx512_vnni",
  "avx_vnni",
  "asimd",
  "asimddp",
];

export function machine() {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const field = (name) => info.match(new RegExp(`^${name}\\s*: (.*)$`, "m"))?.[1].trim() ?? null;
  const has = new Set((field("flags") ?? field("Features") ?? "").split(" "));
  return {
    cpu: field("model name") ?? cpus()[0]?.model.trim() ?? "unknown",
    family: field("cpu family"),
    model: field("model"),
    flags: FLAGS.filter((flag) => has.has(flag)),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

/** The commit of the working tree, and whether files that git knows differ from it. */
export function commit(folder) {
  const git = (...args) => spawnSync("git", args, { cwd: folder, encoding: "utf8" });
  const head = git("rev-parse", "HEAD");
  if (head.status !== 0) return { commit: null, dirty: null };
  return {
    commit: head.stdout.trim(),
    dirty: git("status", "--porcelain", "--untracked-files=no").stdout !== "",
  };
}

/** The command as one would type it, with the last part of each path only. */
export function command(args) {
  const shown = args.map((arg) => (arg.includes("/") ? basename(arg) : arg));
  const quoted = shown.map((arg) => (/^[\w.,:=-]+$/.test(arg) ? arg : `'${arg}'`));
  return ["pnpm --filter @pith/benchmarks bench", ...quoted].join(" ");
}
