/**
 * Compiles this folder (AssemblyScript) and writes the module, as base64 in a TypeScript file, to
 * src/kernels/simd128/module.ts: whoever loads the package has it, with nothing to fetch. The compiler is an npm
 * package in JavaScript; the output depends on its version and the sources alone.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

/** 64 KiB each. The memory doesn't grow: views of it stay valid. */
const PAGES = 128;

const sources = dirname(fileURLToPath(import.meta.url));

let wasm;
const { error, stderr } = await main(
  [
    "index.ts",
    ...["--baseDir", sources],
    ...["--outFile", "simd128.wasm"],
    ...["--enable", "simd"],
    ...["--runtime", "stub"],
    ...["--initialMemory", `${PAGES}`],
    ...["--maximumMemory", `${PAGES}`],
    ...["--optimizeLevel", "3"],
    "--noAssert",
    // "Exchange of v128 is not supported by all embeddings": only numbers cross.
    ...["--disableWarning", "112"],
  ],
  {
    writeFile(_name, contents) {
      wasm = contents;
    },
  },
);
process.stderr.write(`${stderr}`);
if (error || !wasm) throw error ?? new Error("no output");
const base64 = Buffer.from(wasm).toString("base64");
writeFileSync(
  join(sources, "..", "src", "kernels", "simd128", "module.ts"),
  `/** Made from wasm/*.ts by wasm/build.mjs: ${wasm.length} bytes of WebAssembly. */\n` +
    `export const MODULE: string =\n  "${base64}";\n`,
);
console.log(`simd128: ${wasm.length} bytes of WebAssembly, ${base64.length} as base64`);
