/** Puts the real output of `npm start` into README.md, between its markers. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, setup } from "./setup.mjs";

setup();
const output = execFileSync(process.execPath, ["apps/pith/dist/demo.js", "examples/data"], {
  cwd: ROOT,
  encoding: "utf8",
});
const readme = join(ROOT, "README.md");
const block = `<!-- demo:begin -->\n\`\`\`text\n${output.trimEnd()}\n\`\`\`\n<!-- demo:end -->`;
writeFileSync(
  readme,
  readFileSync(readme, "utf8").replace(/<!-- demo:begin -->.*<!-- demo:end -->/s, () => block),
);
