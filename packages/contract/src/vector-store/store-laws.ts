/**
 * The laws of a document store, by id. The first twelve are what LangChain's standard tests for Python check of a vector
 * store (langchain-tests 1.1.9, VectorStoreIntegrationTests), written anew.
 */
export const STORE_LAWS = {
  "store.empty": "a new store finds nothing, in any way of asking",
  "store.add": "documents that were added are found by their texts, nearest first, and stay as they were",
  "store.apart": "a store knows nothing of what was added to another",
  "store.delete": "a deleted document isn't found; the ids that were given are returned",
  "store.bulk": "several documents are deleted in one call",
  "store.missing": "deleting unknown ids is no error, and deletes nothing",
  "store.again": "the same ids a second time make no second documents",
  "store.replace": "a known id takes the new text, vector and metadata",
  "store.get": "getByIds gives the documents of its ids",
  "store.unknown": "getByIds passes over unknown ids",
  "store.made": "a document without an id gets one of its own, by which it is got",
  "store.own": "a document's own id is kept, beside documents that have none; options.ids go before it",
  "store.manifest": "what a store says of itself is said in full, and what it says it can't do is refused",
  "store.points": "the laws of a store of points hold for its vectors, ids and metadata",
  "store.order": "vectors of any dim from 1 are found as exact search finds them, where a store says so",
  "store.scores": "scores never rise (distances never fall), are the same however asked for, and no NaN",
  "store.k": "k is 4 by default, 0 finds nothing, and k beyond the count finds everything",
  "store.zero": "a vector of zeros is a document as any other, and has cosine 0",
  "store.filter": "a filter gives the min(k, matching) best of the matching documents",
  "store.operators": "an object selects as MongoDB's operators do; an unknown operator is refused",
  "store.metadata": "metadata come back as they were, lists, objects and a key `id` too",
  "store.input":
    "a wrong dim, a NaN, a wrong count, an id twice or a bad k are PithErrors, and change nothing",
  "store.unretained": "arguments are neither changed nor kept, and results are the caller's own",
  "store.mmr": "maximal marginal relevance takes what is near the query and far from what it took",
  "store.retriever": "a retriever of either kind gives what the store's own search gives",
  "store.save":
    "save and load give the same store, which goes on; save, load, save the same bytes, where a store says so",
  "store.damaged":
    "saved files of which one is cut short, emptied, missing or has a bit flipped are a PithError",
  "store.reopen": "a store that was closed and opened again is as it was",
} as const;

export type StoreLaw = keyof typeof STORE_LAWS;
