/** The `test:native` script: cargo test where there is a Rust toolchain, its counts left in .reports. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";

const report = (numPassedTests, numFailedTests) => {
  mkdirSync(".reports", { recursive: true });
  writeFileSync(".reports/cargo.json", JSON.stringify({ numPassedTests, numFailedTests }));
};

if (spawnSync("cargo", ["--version"]).status !== 0) {
  console.log("cargo not found: the Rust tests are skipped");
  report(0, 0);
  process.exit(0);
}
const args = ["test", "--release", "--locked", "--manifest-path", "native/Cargo.toml", "-p", "pith-kernels"];
const { status, stdout } = spawnSync("cargo", args, {
  stdio: ["ignore", "pipe", "inherit"],
  encoding: "utf8",
});
process.stdout.write(stdout);
let [passed, failed] = [0, 0];
for (const [, ok, bad] of stdout.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm)) {
  passed += Number(ok);
  failed += Number(bad);
}
report(passed, failed);
process.exit(status ?? 1);
