/**
 * Datasets: the one bundled with the repository, and folders in the layout that tools/datasets/README.md describes. All
 * vectors are scaled to length 1 (in float32, as all contenders get them), so cosine and inner product agree.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { openVectors } from "@pith/codec-core/files";
import { tile } from "./tiled.mjs";

export const BUNDLED = fileURLToPath(new URL("../../examples/data", import.meta.url));
const KNOWN = ["scifact", "debian"];
/** Made from `TILED_FROM` in a run. */
const TILED = { "tiled-50k": 50_000, "tiled-500k": 500_000 };
const TILED_FROM = "debian";
/** Queries of which speed is taken: a pass of one query each over a large corpus takes long. */
const TILED_QUERIES = { "tiled-50k": { single: 100, batch: 200 }, "tiled-500k": { single: 16, batch: 0 } };
/** Enough to see that a search over tiled rows finds something; its recall is no figure of quality. */
const TILED_RECALL_QUERIES = 20;

/**
 * The datasets to measure, each with a name and a function that loads it: the folders given, else those of PITH_DATA (the
 * bundled one where it has none) and the tiled ones; of these, the ones in `names` where any are named.
 * @throws TypeError where a name is unknown or has no data
 */
export function chooseDatasets({ data, datasets: names, maxRows, tiled = true }, log) {
  const folders = data.map((folder) => resolve(process.env.INIT_CWD ?? ".", folder));
  const root = process.env.PITH_DATA;
  const there = (name) => root !== undefined && existsSync(join(root, name));
  const wanted = (name) => names.length === 0 || names.includes(name);
  const found = new Map(folders.map((folder) => [nameOf(folder), () => loadDataset(folder, maxRows)]));
  if (folders.length === 0) {
    if (names.includes("bundled") || !KNOWN.some((name) => there(name) && wanted(name)))
      found.set("bundled", () => loadDataset(BUNDLED, maxRows));
    for (const name of KNOWN)
      if (there(name)) found.set(name, () => loadDataset(join(root, name), maxRows));
      else if (wanted(name))
        log(`${name}: skipped, ${root === undefined ? "PITH_DATA isn't set" : "not in PITH_DATA"}`);
    for (const name of tiled && there(TILED_FROM) ? Object.keys(TILED) : [])
      found.set(name, () => loadTiled(name, maxRows));
  }
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined)
    throw new TypeError(`--datasets: expected some of ${[...found.keys()].join(", ")}, got ${missing}`);
  return [...found].filter(([name]) => wanted(name)).map(([name, load]) => ({ name, load }));
}

/**
 * @returns {Promise<{ name: string, dim: number, count: number, corpus: Float32Array, queries: Float32Array,
 *   judgements: Map<number, Map<number, number>> | null }>}
 */
export async function loadDataset(folder, maxRows) {
  const corpus = await floats(
    first(folder, "corpus.f32.npy", "corpus.f16.npy", "packages.pith.safetensors"),
    maxRows,
  );
  const queries = await floats(first(folder, "queries.f32.npy"), Infinity);
  if (queries.dim !== corpus.dim)
    throw new Error(`queries of ${queries.dim} dims, a corpus of ${corpus.dim}`);
  const whole = corpus.count === corpus.total;
  return {
    name: nameOf(folder),
    dim: corpus.dim,
    count: corpus.count,
    corpus: corpus.data,
    queries: queries.data,
    judgements: whole ? readJudgements(folder) : null,
  };
}

/** As `loadDataset`; `speedOnly` says how many queries each kind of speed, and recall, is taken of. */
async function loadTiled(name, maxRows) {
  const { dim, corpus, queries } = await loadDataset(join(process.env.PITH_DATA, TILED_FROM), Infinity);
  const count = Math.min(TILED[name], maxRows);
  const speedOnly = { ...TILED_QUERIES[name], recall: TILED_RECALL_QUERIES };
  return { name, dim, count, corpus: tile(corpus, dim, count), queries, judgements: null, speedOnly };
}

function nameOf(folder) {
  return resolve(folder) === BUNDLED ? "bundled" : basename(resolve(folder));
}

async function floats(file, maxRows) {
  const source = await openVectors(file);
  try {
    const { dim, count: total } = source;
    const count = Math.min(total, maxRows);
    const data = new Float32Array(count * dim);
    let filled = 0;
    for await (const block of source.rows({ blockRows: 4096 })) {
      const part = block.data.subarray(0, data.length - filled);
      data.set(part, filled);
      filled += part.length;
      if (filled === data.length) break;
    }
    toUnitLength(data, dim);
    return { data, dim, count, total };
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

function toUnitLength(data, dim) {
  for (let row = 0; row < data.length; row += dim) {
    let sum = 0;
    for (let j = row; j < row + dim; j++) sum += data[j] * data[j];
    if (sum === 0 || Math.abs(sum - 1) < 1e-6) continue;
    const factor = 1 / Math.sqrt(sum);
    for (let j = row; j < row + dim; j++) data[j] *= factor;
  }
}

/** Query number to (row to relevance), from qrels.tsv: query id, document id, relevance. Null where there is none. */
function readJudgements(folder) {
  const file = join(folder, "qrels.tsv");
  if (!existsSync(file)) return null;
  const documents = idNumbers(folder, "ids.txt", "corpus.jsonl");
  const queries = idNumbers(folder, "queries.jsonl");
  const judgements = new Map();
  for (const line of lines(file)) {
    const [queryId, documentId, relevance] = line.split("\t");
    const query = queries.get(queryId);
    const document = documents.get(documentId);
    if (query === undefined || document === undefined || !(Number(relevance) > 0)) continue;
    if (!judgements.has(query)) judgements.set(query, new Map());
    judgements.get(query).set(document, Number(relevance));
  }
  return judgements;
}

function idNumbers(folder, ...names) {
  const file = first(folder, ...names);
  const id = file.endsWith(".jsonl") ? (line) => String(JSON.parse(line)._id) : (line) => line;
  return new Map(lines(file).map((line, i) => [id(line), i]));
}

function lines(file) {
  return readFileSync(file, "utf8").split("\n").filter(Boolean);
}

function first(folder, ...names) {
  const found = names.map((name) => join(folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`${basename(folder)}: expected ${names.join(" or ")}`);
  return found;
}
