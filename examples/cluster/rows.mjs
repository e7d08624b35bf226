/**
 * As many rows as are wanted from the rows there are: the embeddings themselves, then tile after tile of them with seeded Gaussian
 * noise, of length 1 again. Tiled rows crowd around the real ones, so recall says how a cluster does what one machine does,
 * not how well so many real documents would be told apart.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openVectors } from "@pith/codec-core/files";

/** Length of the noise that is added to a vector of length 1. */
export const NOISE = 0.3;

const BUNDLED = fileURLToPath(new URL("../data/", import.meta.url));

/**
 * @param {number} count
 * @param {number} queries at most this many
 * @returns {Promise<{ name: string, ids: string[], rows: Vectors, queries: Vectors, real: number }>} `real`: rows without noise
 */
export async function tiledRows(count, queries) {
  const folder = process.env.PITH_DATA ? join(process.env.PITH_DATA, "debian") : BUNDLED;
  const names = readdirSync(folder);
  const corpus = names.find((name) => /^(corpus\..*npy|packages\.pith\.safetensors)$/.test(name));
  const base = await allRows(join(folder, corpus));
  const asked = await allRows(join(folder, "queries.f32.npy"));
  const { dim } = base;
  const rows = { data: new Float32Array(count * dim), dim, count };
  const random = gaussians(1);
  for (let row = 0; row < count; row++) {
    const from = (row % base.count) * dim;
    const to = rows.data.subarray(row * dim, (row + 1) * dim);
    to.set(base.data.subarray(from, from + dim));
    if (row < base.count) continue;
    for (let j = 0; j < dim; j++) to[j] += (NOISE / Math.sqrt(dim)) * random();
    const length = Math.hypot(...to);
    for (let j = 0; j < dim; j++) to[j] /= length;
  }
  const ids = Array.from(
    { length: count },
    (_, row) => `${row % base.count}/${Math.floor(row / base.count)}`,
  );
  const used = Math.min(queries, asked.count);
  return {
    name: process.env.PITH_DATA ? "debian" : "the bundled packages",
    ids,
    rows,
    real: Math.min(count, base.count),
    queries: { data: asked.data.slice(0, used * dim), dim, count: used },
  };
}

async function allRows(path) {
  const source = await openVectors(path);
  try {
    const { dim, count } = source;
    const data = new Float32Array(count * dim);
    let at = 0;
    for await (const block of source.rows()) {
      data.set(block.data, at);
      at += block.data.length;
    }
    return { data, dim, count };
  } finally {
    await source.close();
  }
}

/** Normal numbers by Box and Muller over a 32-bit Weyl sequence with MurmurHash3's finalizer. */
function gaussians(seed) {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
