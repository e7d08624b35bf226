/** `npm start`: set-up, then the main job on the bundled embeddings. */
import { ROOT, run, setup } from "./setup.mjs";

setup();
process.exit(
  run(process.execPath, ["apps/pith/dist/demo.js", "examples/data", ...process.argv.slice(2)], { cwd: ROOT }),
);
