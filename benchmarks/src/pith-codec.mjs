/** Any codec of Pith as a method that contender.mjs measures. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Rows that a trained codec learns from, evenly spaced: as many as the product takes. */
const SAMPLE_ROWS = 65_536;

/**
 * `params`: package and export of the family, its options; with `threads`, one query is searched off the event loop; with
 * `rescore`, the hits are scored again by the codes of another codec, through a FlatIndex.
 */
export async function pith({ corpus, dim, count, params }) {
  const { from, codec: name, options, threads, rescore } = params;
  const { backendReport, searchAsync, stateBytes } = await import("@pith/codec-core");
  const family = await familyOf(from, name);
  if (family === undefined) return { skipped: `there is no ${name} of ${from} yet` };
  const begin = performance.now();
  const codec = codecOf(family, { dim, ...options }, corpus, count);
  const trainSeconds = (performance.now() - begin) / 1000;
  if (rescore) return { trainSeconds, ...(await rescored(codec, rescore, corpus, dim, count, from)) };
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

/** Hits of one codec scored again by another: as programs do it. */
async function rescored(codec, { from, codec: name, options, oversample }, corpus, dim, count, own) {
  const { backendReport, FlatIndex, stateBytes } = await import("@pith/codec-core");
  const keep = codecOf(await familyOf(from, name), { dim, ...options }, corpus, count);
  const { backend, isa } = backendReport();
  const search = { rescore: true, oversample };
  const slots = (matches) => Uint32Array.from(matches, ({ id }) => id);
  let index;
  return {
    setting: `${backend} ${isa}, ${oversample} hits for each`,
    version: versionOf(own),
    encode: () => {
      index = new FlatIndex(codec, { keep });
      index.add([...Array(count).keys()], { data: corpus, dim, count });
    },
    bytes: () => {
      const code = codec.stride + keep.stride;
      return { code, total: code + (stateBytes(codec.state()) + stateBytes(keep.state())) / count };
    },
    one: (query, k) => slots(index.search(query, k, search)),
    all: async (queries, k) => {
      const asked = { data: queries, dim, count: queries.length / dim };
      return (await index.searchBatch(asked, k, { ...search, threads: 1 })).map(slots);
    },
  };
}

/** Undefined where the package isn't there, or doesn't export it. */
async function familyOf(from, name) {
  try {
    return (await import(from))[name];
  } catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND" && error.message.includes(`'${from}'`)) return undefined;
    throw error;
  }
}

function codecOf(family, options, corpus, count) {
  return family.train ? family.train(sample(corpus, options.dim, count), options) : family.create(options);
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

function versionOf(from) {
  return JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`${from}/package.json`)), "utf8")).version;
}
