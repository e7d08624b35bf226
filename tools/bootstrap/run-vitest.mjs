/** The `test` script of a package: vitest, with its counts left in .reports for `npm test` to add up. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const vitest = join(dirname(require.resolve("vitest/package.json")), "vitest.mjs");
// Loaded machines take longer than the 5 s that a test has by default.
const timeout = "--testTimeout=120000";
const reporters = ["--reporter=default", "--reporter=json", "--outputFile.json=.reports/vitest.json"];
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", timeout, ...reporters, ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
process.exit(status ?? 1);
