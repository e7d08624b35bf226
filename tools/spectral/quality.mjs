/**
 * What codes in a learned basis cost and find, by cosine: recall@10, the squared error of decoded vectors, and how many
 * decibels the error stands above Shannon's bound for Gaussian vectors of the same covariance at the same bits, scalar and
 * all (before the scalar makes vectors longer):
 *
 *   node tools/spectral/quality.mjs CORPUS QUERIES [ROWS]     after `npm run build`; .npy, .safetensors; at most ROWS rows
 *
 * "held out": every row is coded in a basis that it wasn't learned from, even rows in that of the odd ones and the other way
 * round, and all are searched together. nDCG@10 where corpus.jsonl, queries.jsonl and qrels.tsv stand beside CORPUS.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { kernels, ndcgAt, recallAt, sampleMean, unitRows } from "../../packages/codec-core/dist/index.js";
import { spectral } from "../../packages/spectral/dist/index.js";

const [corpus, queries] = [
  await unitVectors(process.argv[2], Number(process.argv[4] ?? Infinity)),
  await unitVectors(process.argv[3], 500),
];
const { dim } = corpus;
const variances = spectrum();
const exact = nearest();

const judge = judgements();

console.log(
  "bytes  coding     recall@10  nDCG@10  held out: recall@10  nDCG@10  error    dB over Shannon  held out / trained  components  learned bytes",
);
for (const bytes of [16, 24, 32, 48, 64, 96, 128, 192])
  for (const options of [{ quantizer: "scalar" }, { table: "separable" }, {}]) {
    const learn = (rows) => spectral.train(rows, { dim, bytes, ...options });
    const codec = learn(corpus);
    const codes = codec.encode(corpus);
    const [error, plain] = squaredErrors(codec, codes);
    const cells = [
      String(bytes).padEnd(5),
      (options.quantizer ?? options.table ?? "full").padEnd(9),
      ...qualityOf(search(codec, codes)),
      ...qualityOf(crossed(learn)),
      error.toFixed(5).padEnd(7),
      (10 * Math.log10(plain / shannonBound(8 * bytes))).toFixed(2).padEnd(15),
      (codec.fit.heldOut / codec.fit.trained).toFixed(3).padEnd(18),
      String(codec.bits.length).padEnd(10),
      codec.sideBytes,
    ];
    console.log(cells.join("  "));
  }

/** The hits of each query, [slot, score], best first. */
function search(codec, codes) {
  return codec
    .scorer("cosine")
    .topKBatch(queries, codes, 10)
    .map(({ slots, scores }) => Array.from(slots, (slot, i) => [slot, scores[i]]));
}

/** As `search`, each half of the rows coded in a basis of the other. */
function crossed(learn) {
  const halves = [0, 1].map((odd) => {
    const count = Math.floor((corpus.count + 1 - odd) / 2);
    const data = new Float32Array(count * dim);
    for (let i = 0; i < count; i++)
      data.set(corpus.data.subarray((2 * i + odd) * dim, (2 * i + odd + 1) * dim), i * dim);
    return { data, dim, count };
  });
  const found = halves.map((half, odd) => {
    const codec = learn(halves[1 - odd]);
    return search(codec, codec.encode(half)).map((hits) =>
      hits.map(([slot, score]) => [2 * slot + odd, score]),
    );
  });
  return found[0].map((hits, q) => [...hits, ...found[1][q]].sort((a, b) => b[1] - a[1]).slice(0, 10));
}

function qualityOf(found) {
  const slots = found.map((hits) => hits.map(([slot]) => slot));
  return [recallAt(10, slots, exact).toFixed(4).padEnd(9), judge(slots).padEnd(7)];
}

/** nDCG@10 of hits, "-" where nobody has judged. */
function judgements() {
  const folder = dirname(process.argv[2]);
  const read = (file) => readFileSync(join(folder, file), "utf8").trim().split("\n");
  if (!existsSync(join(folder, "qrels.tsv"))) return () => "-";
  const idsOf = (file) => read(file).map((line) => String(JSON.parse(line)._id));
  const documents = idsOf("corpus.jsonl");
  const judged = new Map(idsOf("queries.jsonl").map((id) => [id, new Map()]));
  for (const [query, document, score] of read("qrels.tsv").map((line) => line.split("\t")))
    judged.get(query)?.set(document, Number(score));
  const all = [...judged.values()];
  return (slots) =>
    ndcgAt(
      10,
      slots.map((hits) => hits.map((slot) => documents[slot])),
      all,
    ).toFixed(4);
}

/** Of decoded vectors, and of those without their scalar. */
function squaredErrors(codec, codes) {
  const table = new Float32Array(codec.state().tensors.scalar.bytes.slice().buffer);
  const decoded = codec.decode(codes).data;
  let [error, plain] = [0, 0];
  for (let i = 0; i < decoded.length; i++) {
    const t = table[codes.bytes[(Math.floor(i / dim) + 1) * codes.stride - 1]];
    error += (decoded[i] - corpus.data[i]) ** 2;
    plain += (decoded[i] / t - corpus.data[i]) ** 2;
  }
  return [error / corpus.count, plain / corpus.count];
}

function shannonBound(bits) {
  let [low, high] = [1e-18, variances[0]];
  for (let n = 0; n < 200; n++) {
    const level = Math.sqrt(low * high);
    if (variances.reduce((sum, v) => sum + Math.max(0, Math.log2(v / level) / 2), 0) > bits) low = level;
    else high = level;
  }
  return variances.reduce((sum, v) => sum + Math.min(v, high), 0);
}

function spectrum() {
  const sums = new Float64Array(dim * dim);
  kernels().covariance(corpus.data, dim, sampleMean(corpus, "dot"), sums);
  return kernels()
    .symmetricEigen(sums, dim)
    .values.map((v) => Math.max(0, v) / corpus.count);
}

function nearest() {
  const out = { slots: new Uint32Array(10 * queries.count), scores: new Float32Array(10 * queries.count) };
  kernels().floatTopK("dot", queries.data, corpus.data, dim, 10, undefined, out);
  return Array.from({ length: queries.count }, (_, q) => out.slots.subarray(10 * q, 10 * q + 10));
}

async function unitVectors(path, most) {
  const source = await openVectors(path);
  try {
    for await (const rows of source.rows({ blockRows: Math.min(most, source.count) }))
      return { ...rows, data: unitRows(rows.data, rows.dim) };
    throw new Error(`${path} has no rows`);
  } finally {
    await source[Symbol.asyncDispose]();
  }
}
