/**
 * recall@10 of the TurboQuant vector spec by bits, encoder and QJL, beside exact search by cosine:
 *
 *   node tools/turboquant/recall.mjs CORPUS QUERIES     after `npm run build`; .npy or .safetensors
 *
 * Scores are cosines with the decoded coordinates, and in brackets plain inner products of unit vectors. It reaches
 * into the package's build, for one query at a time by `dotProduct` would take hours.
 */

import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { kernels, recallAt, TopK, unitRows } from "../../packages/codec-core/dist/index.js";
import { SpecCoder } from "../../packages/turboquant/dist/spec/coder.js";
import { readSpecOptions } from "../../packages/turboquant/dist/spec/config.js";
import { dot, residualEnergy, scaledSigns } from "../../packages/turboquant/dist/spec/estimate.js";

const K = 10;
const [corpus, queries] = await Promise.all(process.argv.slice(2, 4).map(unitVectors));
const exact = exactHits();

console.log("bits  encoder  bytes  squared error  recall@10        with QJL: bytes  recall@10");
for (const bits of [1, 2, 3, 4, 8])
  for (const encoder of ["absmax", "ls"]) {
    const { plain, sketched, error, bytes, sketchedBytes } = measure(bits, encoder);
    const cells = [
      String(bits).padEnd(5),
      encoder.padEnd(8),
      String(bytes).padEnd(6),
      error.toFixed(5).padEnd(14),
      plain.padEnd(26),
      String(sketchedBytes).padEnd(6),
      sketched,
    ];
    console.log(cells.join(" "));
  }

function measure(bits, encoder) {
  const { dim } = corpus;
  const { config } = readSpecOptions({ dim, bits, encoder, useQjl: true });
  const coder = new SpecCoder(config, encoder);
  const { coordinates, payload: bytes, signBits } = coder.sizes;
  const prepared = rowsOf(queries).map((query) => {
    const y = new Float32Array(coordinates);
    const scale = 2 ** coder.rotate(query, y);
    const rotated = y.map((x) => x * scale);
    const projected = rotated.slice();
    coder.sketch(projected);
    return { rotated, projected };
  });
  const heaps = () => prepared.map(() => new TopK(K));
  const best = { cosine: heaps(), product: heaps(), sketchedCosine: heaps(), sketchedProduct: heaps() };
  const payload = new Uint8Array(bytes);
  const y = new Float32Array(coordinates);
  const decoded = new Float32Array(dim);
  let error = 0;
  rowsOf(corpus).forEach((row, slot) => {
    coder.encode(row, payload);
    coder.decode(payload, decoded);
    for (let j = 0; j < dim; j++) error += (decoded[j] - row[j]) ** 2;
    const length = Math.sqrt(dot(decoded, decoded));
    const { exponent, energy } = coder.read(payload, y);
    const scale = 2 ** exponent;
    const signs = scaledSigns(
      payload.subarray(bytes - signBits),
      coordinates,
      residualEnergy(energy, bits, encoder),
    );
    prepared.forEach(({ rotated, projected }, q) => {
      const product = dot(rotated, y) * scale;
      const sketched = product + dot(projected, signs) * scale;
      best.product[q].push(slot, product);
      best.cosine[q].push(slot, product / length);
      best.sketchedProduct[q].push(slot, sketched);
      best.sketchedCosine[q].push(slot, sketched / length);
    });
  });
  const recall = (found) =>
    recallAt(
      K,
      found.map((heap) => heap.hits().slots),
      exact,
    ).toFixed(4);
  return {
    plain: `${recall(best.cosine)} (${recall(best.product)})`,
    sketched: `${recall(best.sketchedCosine)} (${recall(best.sketchedProduct)})`,
    error: error / corpus.count,
    bytes: bytes - signBits,
    sketchedBytes: bytes,
  };
}

function exactHits() {
  const room = K * queries.count;
  const out = { slots: new Uint32Array(room), scores: new Float32Array(room) };
  kernels().floatTopK("cosine", queries.data, corpus.data, corpus.dim, K, undefined, out);
  return Array.from({ length: queries.count }, (_, q) => out.slots.subarray(q * K, (q + 1) * K));
}

async function unitVectors(path) {
  const source = await openVectors(path);
  const data = new Float32Array(source.count * source.dim);
  let at = 0;
  for await (const block of source.rows()) {
    data.set(block.data, at);
    at += block.data.length;
  }
  await source.close();
  return { data: unitRows(data, source.dim), dim: source.dim, count: source.count };
}

function rowsOf({ data, dim, count }) {
  return Array.from({ length: count }, (_, i) => data.subarray(i * dim, (i + 1) * dim));
}
