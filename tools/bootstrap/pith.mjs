/** `npm run -s pith -- ARGS`: the command from a clone; relative paths are the caller's. */
import { join } from "node:path";
import { ROOT, run, setup } from "./setup.mjs";

setup();
const cwd = process.env.INIT_CWD ?? process.cwd();
process.exit(
  run(process.execPath, [join(ROOT, "apps/pith/dist/main.js"), ...process.argv.slice(2)], { cwd }),
);
