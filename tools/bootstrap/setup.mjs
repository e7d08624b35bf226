/**
 * Makes a fresh clone ready: checks Node, fetches the pinned pnpm from npm, installs from the lockfile, builds with
 * turbo. Each step is skipped or cached where nothing changed, so a second run takes about a second.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const env = {
  ...process.env,
  // turbo looks for the package manager here; the path must be absolute, as it starts it in each package's folder.
  PATH: `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  // Part of the build's cache key: a build without Rust must not stand in for one with it.
  PITH_RUSTC: rustVersion(),
};

/** Installs and builds. Prints one line a step; the tools' own output only where one fails (or with `verbose`). */
export function setup({ verbose = false } = {}) {
  checkNode();
  install(verbose);
  build(verbose);
}

/** Runs a command in the root. @returns its exit code */
export function run(command, args, { quiet = false, ...options } = {}) {
  const stdio = quiet ? ["ignore", "pipe", "pipe"] : "inherit";
  const result = spawnSync(command, args, { cwd: ROOT, env, stdio, encoding: "utf8", ...options });
  if (quiet && result.status !== 0) process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  if (result.error) process.stderr.write(`${command}: ${result.error.message}\n`);
  return result.status ?? 1;
}

/** Runs turbo tasks of the workspace. @returns turbo's exit code */
export function turbo(tasks, { quiet = false, args = [] } = {}) {
  const flags = ["--output-logs=new-only", "--no-update-notifier", ...args];
  return run(join(ROOT, "node_modules", ".bin", "turbo"), ["run", ...tasks, ...flags], { quiet });
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Pith needs Node ${manifest.engines.node}, this is ${process.versions.node}`);
}

function install(verbose) {
  const stamp = join(ROOT, "node_modules", ".pith-installed");
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(ROOT, file)));
  const key = `${hash.digest("hex")} ${process.versions.node}`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  step("installing dependencies");
  const args = ["-y", manifest.packageManager, "install", "--frozen-lockfile"];
  if (run("npx", args, { quiet: !verbose }) !== 0) fail("the install failed");
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
}

function build(verbose) {
  const rust = env.PITH_RUSTC !== "none";
  if (!rust) step("no Rust toolchain: using the portable backend (slower, the same results)");
  if (!existsSync(join(ROOT, "apps/pith/dist/main.js")))
    step(rust ? "building; the native core takes about a minute the first time" : "building");
  if (turbo(["build"], { quiet: !verbose }) !== 0) fail("the build failed");
}

function rustVersion() {
  const result = spawnSync("cargo", ["--version"], { encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : "none";
}

export function step(line) {
  process.stderr.write(`pith: ${line}\n`);
}

export function fail(line) {
  process.stderr.write(`pith: ${line}\n`);
  process.exit(1);
}
