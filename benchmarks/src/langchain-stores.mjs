/**
 * LangChain's vector stores as methods that langchain.mjs measures: each imports what it needs when it is opened, so that a
 * process holds one of them. The peers come from peers/langchain, where `bench:setup:langchain` puts them.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PEERS } from "./peers.mjs";

export const LANGCHAIN_PEERS = join(PEERS, "langchain");

/** No text is embedded in a run: vectors are there. */
const embeddings = {
  embedDocuments: () => Promise.reject(new Error("no texts are embedded here")),
  embedQuery: () => Promise.reject(new Error("no texts are embedded here")),
};

/** Of `folder`, which is there and empty, and the dim: a new, empty store. */
export const STORES = {
  "PithVectorStore int8": { open: () => pith({}) },
  "PithVectorStore int8, in a folder": { open: ({ folder }) => pith({}, folder) },
  "PithVectorStore turboquant, 4 bits, rescored by int8": {
    open: () => pith({ codec: "turboquant", rescore: "int8" }),
  },
  MemoryVectorStore: {
    peer: "@langchain/classic",
    async open() {
      const { MemoryVectorStore } = await peer("@langchain/classic/vectorstores/memory");
      return new MemoryVectorStore(embeddings);
    },
  },
  HNSWLib: {
    peer: "hnswlib-node",
    async open({ dim }) {
      const { HNSWLib } = await peer("@langchain/community/vectorstores/hnswlib");
      return new HNSWLib(embeddings, { space: "cosine", numDimensions: dim });
    },
  },
  "LanceDB, in a folder": {
    peer: "@lancedb/lancedb",
    async open({ folder }) {
      const { LanceDB } = await peer("@langchain/community/vectorstores/lancedb");
      return new LanceDB(embeddings, { uri: folder });
    },
  },
};

async function pith(options, folder) {
  const { PithVectorStore } = await import("@pith/adapters/langchain");
  return folder === undefined
    ? new PithVectorStore(embeddings, options)
    : PithVectorStore.open(folder, embeddings, options);
}

/** Names of stores that can't be measured, for want of a peer. */
export function missing() {
  return Object.entries(STORES)
    .filter(([, store]) => store.peer && !existsSync(join(LANGCHAIN_PEERS, "node_modules", store.peer)))
    .map(([name]) => name);
}

/** An entry point of a peer, as it is for `import`: what is measured is what people load. */
async function peer(specifier) {
  const require = createRequire(join(LANGCHAIN_PEERS, "package.json"));
  return import(pathToFileURL(require.resolve(specifier)));
}

/** Adds rows [start, end) as documents named by their row, `batch` at a time. */
export async function addRows(store, { corpus, dim, start, end, batch }) {
  for (let from = start; from < end; from += batch) {
    const rows = Array.from({ length: Math.min(batch, end - from) }, (_, i) =>
      Array.from(corpus.subarray((from - start + i) * dim, (from - start + i + 1) * dim)),
    );
    const documents = rows.map((_, i) => ({
      pageContent: `package ${from + i}, and a line of text about it as long as a synopsis is`,
      metadata: { row: from + i },
    }));
    await store.addVectors(rows, documents);
  }
}
