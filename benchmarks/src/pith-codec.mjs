/** Any codec of Pith as a method that contender.mjs measures. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Rows that a trained codec learns from, evenly spaced: as many as the product takes. */
const SAMPLE_ROWS = 65_536;

/** `params`: package and export of the family, its options; with `threads`, one query is searched off the event loop. */
export async function pith({ corpus, dim, count, params: { from, codec: name, options, threads } }) {
  const { backendReport, searchAsync, stateBytes } = await import("@pith/codec-core");
  const family = (await import(from))[name];
  if (family === undefined) return { skipped: `${from} doesn't export ${name} yet` };
  const begin = performance.now();
  const codec = makeCodec(family, corpus, dim, count, options);
  const trainSeconds = (performance.now() - begin) / 1000;
  const input = { data: corpus, dim, count };
  // Shared memory is searched in place, off the event loop too.
  const bytes = new Uint8Array(new SharedArrayBuffer(count * codec.stride));
  const scorer = codec.scorer("cosine");
  const codes = { bytes, stride: codec.stride, count };
  const { backend, isa } = backendReport();
  let searched = codes;
  const one = (query, k) => scorer.prepare(query).topK(searched, k).slots;
  const oneAsync = async (query, k) => {
    const [hits] = await searchAsync(scorer, { data: query, dim, count: 1 }, searched, k, { threads });
    return hits.slots;
  };
  return {
    setting: `${backend} ${isa}`,
    version: versionOf(from),
    trainSeconds,
    encode: () => codec.encodeInto(input, bytes),
    ready: () => {
      searched = codec.resident?.(codes) ?? codes;
    },
    bytes: () => ({
      code: codec.stride,
      total: codec.stride + stateBytes(codec.state()) / count,
      ...(searched === codes ? {} : { resident: searched.byteLength / count }),
    }),
    one: threads === undefined ? one : oneAsync,
    all: (queries, k) =>
      scorer
        .topKBatch({ data: queries, dim, count: queries.length / dim }, searched, k)
        .map((hits) => hits.slots),
  };
}

/** A codec of a family, trained where it can be. */
export function makeCodec(family, corpus, dim, count, options) {
  return family.train
    ? family.train(sample(corpus, dim, count), { dim, ...options })
    : family.create({ dim, ...options });
}

function sample(corpus, dim, count) {
  const rows = Math.min(SAMPLE_ROWS, count);
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i++) {
    const row = Math.floor((i * count) / rows);
    data.set(corpus.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return { data, dim, count: rows };
}

export function versionOf(from) {
  return JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`${from}/package.json`)), "utf8")).version;
}
