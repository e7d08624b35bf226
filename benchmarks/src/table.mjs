/**
 * `pnpm --filter @pith/benchmarks bench:table`: writes the tables of the newest committed results between the markers of the
 * READMEs, and the plots; `--check` changes nothing and fails where one isn't in step with the results.
 */
import { outOfStep, ROOT } from "./in-step.mjs";

const check = process.argv.includes("--check");
const files = outOfStep({ write: !check }).map((file) => file.slice(ROOT.length));
for (const file of files)
  console.log(check ? `${file}: not in step with benchmarks/results` : `${file}: written`);
process.exitCode = check && files.length > 0 ? 1 : 0;
