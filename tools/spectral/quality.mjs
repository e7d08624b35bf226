/**
 * What codes in a learned basis cost and find, by cosine: recall@10, the squared error of decoded vectors, and how many
 * decibels the error stands above Shannon's bound for Gaussian vectors of the same covariance at the same bits, scalar and
 * all (before the scalar makes vectors longer):
 *
 *   node tools/spectral/quality.mjs CORPUS QUERIES [ROWS]     after `npm run build`; .npy, .safetensors; at most ROWS rows
 */
import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { kernels, recallAt, sampleMean, unitRows } from "../../packages/codec-core/dist/index.js";
import { spectral } from "../../packages/spectral/dist/index.js";

const [corpus, queries] = [
  await unitVectors(process.argv[2], Number(process.argv[4] ?? Infinity)),
  await unitVectors(process.argv[3], 500),
];
const { dim } = corpus;
const variances = spectrum();
const exact = nearest();

console.log(
  "bytes  quantizer  recall@10  error    dB over Shannon  held out / trained  components  learned bytes",
);
for (const bytes of [16, 24, 32, 48, 64, 96, 128, 192])
  for (const quantizer of ["scalar", "trellis"]) {
    const codec = spectral.train(corpus, { dim, bytes, quantizer });
    const codes = codec.encode(corpus);
    const found = codec.scorer("cosine").topKBatch(queries, codes, 10);
    const [error, plain] = squaredErrors(codec, codes);
    const cells = [
      String(bytes).padEnd(5),
      quantizer.padEnd(9),
      recallAt(
        10,
        found.map(({ slots }) => slots),
        exact,
      )
        .toFixed(4)
        .padEnd(9),
      error.toFixed(5).padEnd(7),
      (10 * Math.log10(plain / shannonBound(8 * bytes))).toFixed(2).padEnd(15),
      (codec.fit.heldOut / codec.fit.trained).toFixed(3).padEnd(18),
      String(codec.bits.length).padEnd(10),
      codec.sideBytes,
    ];
    console.log(cells.join("  "));
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
