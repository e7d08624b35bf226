/** The laws of an index, by id. */
export const INDEX_LAWS = {
  "index.model":
    "any run of adds, upserts, removals, searches, saves and loads gives what a map in order of adding gives",
  "index.empty": "an empty index finds nothing, in any way of asking, and saves and loads",
  "index.add":
    "add takes all rows or none: a repeated or known id, a wrong count, dim or number changes nothing",
  "index.upsert": "upsert replaces in place or adds, says how many of each, and takes all rows or none",
  "index.async":
    "addAsync and upsertAsync, where they are, take all rows or none as add and upsert do; aborted is ABORTED",
  "index.remove": "remove counts what was there; what is gone isn't found, and its id can come back",
  "index.get": "get gives an id's own vector in memory of its own, undefined for an unknown id",
  "index.ties": "equal scores rank in the order of adding",
  "index.filter": "a filter gives the min(k, matching ids) best of the matching ids, by list or by function",
  "index.k": "k beyond the size gives all ids; k that isn't an integer from 1 is INVALID_ARGUMENT",
  "index.query": "a query of another dim is DIM_MISMATCH, one that isn't finite NOT_FINITE",
  "index.batch": "searchBatch gives for each query what search gives; an aborted signal is ABORTED",
  "index.unretained": "arguments are neither changed nor kept, and results are the caller's own",
  "index.ids": "any id of its type works: empty, long, odd, negative, the largest",
  "index.save": "save, load, save gives the same bytes, and the loaded index answers alike and goes on",
  "index.load": "bytes that are cut or flipped are a PithError",
  "index.stats": "stats count the live ids, and bytesPerVector is no less than the codec's stride",
  "index.disposed": "after dispose every call is DISPOSED, but for dispose itself",
} as const;

export type IndexLaw = keyof typeof INDEX_LAWS;
