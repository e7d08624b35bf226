/**
 * `npm test`: set-up, then everything: lint, types (in the build), Rust tests, vitest in every package, API docs.
 * Goes on after a failing step, so that one run shows all; ends with the counts of the test runners.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, setup, step, turbo } from "./setup.mjs";

setup({ verbose: process.env.CI === "true" });
// One package at a time: property tests and child processes want both cores.
const status = turbo(["lint", "test", "test:native", "docs"], { args: ["--concurrency=1", "--continue"] });

let [passed, failed, skipped] = [0, 0, 0];
for (const folder of ["packages", "apps", "."])
  for (const entry of readdirSync(join(ROOT, folder)))
    for (const runner of ["vitest", "cargo"]) {
      const file = join(ROOT, folder, entry, ".reports", `${runner}.json`);
      if (!existsSync(file)) continue;
      const report = JSON.parse(readFileSync(file, "utf8"));
      passed += report.numPassedTests;
      failed += report.numFailedTests;
      skipped += report.numPendingTests ?? 0;
    }
if (passed === 0) step("no test ran");
// Lint, types and docs have no counts of their own: a run that they fail mustn't read as a good one.
if (status !== 0 && failed === 0) {
  step("a step failed outside of the tests: see above");
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(status !== 0 || passed === 0 ? 1 : 0);
