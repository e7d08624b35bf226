/** Packs every public package of the workspace as it would be published: `node tools/release/pack.mjs FOLDER`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Packages of platforms whose library wasn't built here: a build without Rust has none. */
function unbuilt() {
  const core = join(ROOT, "packages", "codec-core");
  return readdirSync(join(core, "npm"))
    .map((name) => JSON.parse(readFileSync(join(core, "npm", name, "package.json"), "utf8")))
    .filter(({ main }) => !existsSync(join(core, main)))
    .map(({ name }) => name);
}

/** @returns the paths of the tarballs */
export function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const pnpm = join(ROOT, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const args = [
    `--config.pnpmfile=${join(ROOT, "tools/release/pnpmfile.cjs")}`,
    ...["--recursive", "--filter", "./packages/**", "--filter", "./apps/**"],
    ...unbuilt().flatMap((name) => ["--filter", `!${name}`]),
    ...["pack", "--pack-destination", resolve(folder)],
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [pnpm, ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`pnpm pack failed:\n${stdout}${stderr}`);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder] = process.argv;
  if (folder === undefined) throw new Error("expected a folder for the tarballs");
  for (const path of pack(folder)) console.log(path);
}
