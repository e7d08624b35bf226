/**
 * Searching in two steps as a method that contender.mjs measures, through FlatIndex: codes of few bytes are scanned, and
 * the best of them scored again with what is kept beside them.
 */
import { join } from "node:path";
import { makeCodec, versionOf } from "./pith-codec.mjs";

/** Searches for more score more rows again; the ten best that are judged are those of a search for ten. */
const TEN = 10;

/**
 * `params`: package and export of the family, its options; `keep`, "f16" or "int8"; `oversample`, hits scored again for each
 * wanted; `within`, of these only hits so many standard errors below; `inFile`, whether what is kept stays in a file.
 */
export async function pithRescored({
  corpus,
  dim,
  count,
  folder,
  params: { from, codec: name, options, keep, oversample, within, inFile },
}) {
  const { backendReport, FlatIndex, stateBytes } = await import("@pith/codec-core");
  const { int8 } = await import("@pith/int8");
  const family = (await import(from))[name];
  if (family === undefined) return { skipped: `${from} doesn't export ${name} yet` };
  const begin = performance.now();
  const codec = makeCodec(family, corpus, dim, count, options);
  const trainSeconds = (performance.now() - begin) / 1000;
  let index = new FlatIndex(codec, { keep: keep === "int8" ? int8.create({ dim }) : keep });
  const ids = Array.from({ length: count }, (_, row) => row);
  const again = { rescore: true, oversample, within };
  const slots = (matches) => Uint32Array.from(matches, ({ id }) => id);
  const search = async (queries, k) =>
    (await index.searchBatch({ data: queries, dim, count: queries.length / dim }, k, again)).map(slots);
  const { backend, isa } = backendReport();
  return {
    setting: `${backend} ${isa}`,
    version: versionOf(from),
    trainSeconds,
    encodeOnce: () => index.add(ids, { data: corpus, dim, count }),
    ready: async () => {
      if (!inFile) return;
      const path = join(folder, "two-steps.pith.safetensors");
      await index.toFile(path);
      index = await FlatIndex.fromFile(path, [family, int8], { map: true, rescore: "file" });
    },
    // Of all that is kept, those that every search reads.
    bytes: () => ({
      code: codec.stride,
      total: index.stats().bytesPerVector + stateBytes(codec.state()) / count,
      ...(inFile ? { resident: index.stats().memoryBytes / count } : {}),
    }),
    one: (query, k) => slots(index.search(query, k, again)),
    all: async (queries, k) => {
      const ten = await search(queries, Math.min(k, TEN));
      if (k <= TEN) return ten;
      const more = await search(queries, k);
      return ten.map((best, q) => Uint32Array.from(new Set([...best, ...more[q]])).subarray(0, k));
    },
  };
}
