/**
 * What codes around centres find: recall@10 by cosine of vectors coded as they are, and less the nearest of K centroids
 * (k-means), in as many bytes. Every partition is searched, so that nothing is lost but by the codes.
 *
 *   node tools/spectral/residual.mjs CORPUS QUERIES [ROWS]     after `npm run build`; .npy, .safetensors; at most ROWS rows
 *
 * "held out": centroids and basis of even rows come from the odd ones, and the other way round; all rows are searched together.
 */
import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { kernels, recallAt, SplitMix64, unitRows } from "../../packages/codec-core/dist/index.js";
import { spectral } from "../../packages/spectral/dist/index.js";

const ROUNDS = 12;

const [corpus, queries] = [
  await unitVectors(process.argv[2], Number(process.argv[4] ?? Infinity)),
  await unitVectors(process.argv[3], 500),
];
const { dim } = corpus;
const halves = [0, 1].map((odd) => rowsAt(corpus, (i) => i % 2 === odd));
const exact = nearest(queries, corpus, 10).map((slots) => Array.from(slots));

console.log("bytes  centres  recall@10  held out");
for (const bytes of [24, 32, 48, 96])
  for (const count of [0, 64, 256]) {
    const seen = coderOf(corpus, bytes, count);
    const others = halves.map((half) => coderOf(half, bytes, count));
    const apart = halves.map((half, odd) =>
      search(others[1 - odd], half).map((hits) => hits.map(([slot, score]) => [2 * slot + odd, score])),
    );
    const cells = [search(seen, corpus), merged(apart)].map((found) =>
      recallAt(
        10,
        found.map((hits) => hits.map(([slot]) => slot)),
        exact,
      ).toFixed(4),
    );
    console.log(`${String(bytes).padEnd(5)}  ${String(count).padEnd(7)}  ${cells[0].padEnd(9)}  ${cells[1]}`);
  }

/** A codec learned from the rows less their centroids, and the centroids. */
function coderOf(rows, bytes, count) {
  if (count === 0) return { codec: spectral.train(rows, { dim, bytes }) };
  const centres = kMeans(rows, count);
  const around = { centres, assignment: assigned(rows, centres) };
  return { codec: spectral.train(rows, { dim, bytes }, around), centres };
}

/** The hits of each query, [slot, score], best first. */
function search({ codec, centres }, rows) {
  const parts = centres ? partsOf(assigned(rows, centres), centres.count) : [undefined];
  const coded = parts.map((slots, part) => {
    const own = slots ? rowsAt(rows, slots) : rows;
    const centre = centres?.data.subarray(part * dim, (part + 1) * dim);
    return { slots, centre, codes: (centre ? codec.around(centre) : codec).encode(own) };
  });
  return Array.from({ length: queries.count }, (_, q) => {
    const prepared = codec.scorer("cosine").prepare(queries.data.subarray(q * dim, (q + 1) * dim));
    const found = coded.map(({ slots, centre, codes }) => {
      const hits = (centre ? prepared.around(centre) : prepared).topK(codes, 10);
      return Array.from(hits.slots, (slot, i) => [slots ? slots[slot] : slot, hits.scores[i]]);
    });
    return best(found.flat());
  });
}

function merged(found) {
  return found[0].map((hits, q) => best([...hits, ...found[1][q]]));
}

function best(hits) {
  return hits.sort((a, b) => b[1] - a[1]).slice(0, 10);
}

/** Lloyd's rounds from rows at random; a centroid that loses its rows stays. */
function kMeans(rows, count) {
  const random = new SplitMix64(1);
  let centres = rowsAt(
    rows,
    Array.from({ length: count }, () => random.below(rows.count)),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const [sums, counts] = [new Float64Array(count * dim), new Float64Array(count)];
    const assignment = assigned(rows, centres);
    for (let i = 0; i < rows.count; i++) {
      counts[assignment[i]]++;
      for (let j = 0; j < dim; j++) sums[assignment[i] * dim + j] += rows.data[i * dim + j];
    }
    const before = centres.data;
    const data = Float32Array.from(sums, (sum, i) => {
      const size = counts[Math.floor(i / dim)];
      return size > 0 ? sum / size : before[i];
    });
    centres = { data, dim, count };
  }
  return centres;
}

/** The nearest centroid of each row. */
function assigned(rows, centres) {
  return Uint32Array.from(nearest(rows, centres, 1, "l2"), ([slot]) => slot);
}

function partsOf(assignment, count) {
  const parts = Array.from({ length: count }, () => []);
  assignment.forEach((part, slot) => {
    parts[part].push(slot);
  });
  return parts;
}

function nearest(from, rows, k, metric = "dot") {
  const out = { slots: new Uint32Array(k * from.count), scores: new Float32Array(k * from.count) };
  kernels().floatTopK(metric, from.data, rows.data, dim, k, undefined, out);
  return Array.from({ length: from.count }, (_, i) => out.slots.subarray(k * i, k * (i + 1)));
}

/** Rows at these places, or those whose place is wanted. */
function rowsAt(rows, wanted) {
  const slots =
    typeof wanted === "function" ? Array.from({ length: rows.count }, (_, i) => i).filter(wanted) : wanted;
  const data = new Float32Array(slots.length * dim);
  slots.forEach((slot, i) => {
    data.set(rows.data.subarray(slot * dim, (slot + 1) * dim), i * dim);
  });
  return { data, dim, count: slots.length };
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
