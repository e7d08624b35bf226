/** The `prepack` of a platform's package: brings the library that was built in @pith/codec-core. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

const { main } = JSON.parse(readFileSync("package.json", "utf8"));
copyFileSync(join("..", "..", main), main);
