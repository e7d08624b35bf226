/**
 * Builds the native addon of @pith/codec-core into its package folder: binding.cjs, binding.d.cts and the .node
 * library. Without cargo it says so in one line and succeeds: Pith then runs on WebAssembly.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Minor version of the oldest cargo that napi-rs builds with. */
const OLDEST_CARGO = 89;

const core = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "packages", "codec-core");

const cargo = cargoVersion();
if (cargo === undefined || cargo < OLDEST_CARGO) {
  const why = cargo === undefined ? "cargo not found" : `cargo 1.${cargo} is older than 1.${OLDEST_CARGO}`;
  console.log(`${why}: Pith runs on its portable backend (slower, the same results)`);
  process.exit(0);
}

const cli = createRequire(join(core, "package.json")).resolve("@napi-rs/cli/package.json");
const { status } = spawnSync(
  process.execPath,
  [
    join(dirname(cli), "dist", "cli.js"),
    "build",
    "--platform",
    "--release",
    ...["--manifest-path", "native/node/Cargo.toml"],
    ...["--package-json-path", "package.json"],
    ...["--target-dir", join(core, "native", "target")],
    ...["--output-dir", "."],
    ...["--js", "binding.cjs"],
    ...["--dts", "binding.d.cts"],
    "--",
    "--locked",
  ],
  { cwd: core, stdio: "inherit" },
);
process.exit(status === 0 ? 0 : 1);

function cargoVersion() {
  const { status, stdout } = spawnSync("cargo", ["--version"], { encoding: "utf8" });
  return status === 0 ? Number(/^cargo 1\.(\d+)/.exec(stdout)?.[1]) : undefined;
}
