/**
 * What is right, and how much of it a search found. The truth is computed here, in every run, in float64 over the float
 * vectors; equal scores rank by the lower row.
 *
 *   recall@k = |found top k in true top k| / k, the mean over queries
 *   nDCG@k   = DCG / ideal DCG with DCG = sum of rel_i / log2(i + 1), as trec_eval has it; the mean over judged queries
 */

export const DEPTH = 100;

/** Row numbers of the k best rows of each query by inner product: Uint32Array [queries x k]. */
export function exactTopK(corpus, queries, dim, k) {
  const count = corpus.length / dim;
  const depth = Math.min(k, count);
  const queryCount = queries.length / dim;
  const truth = new Uint32Array(queryCount * depth);
  const best = new Float64Array(depth);
  for (let q = 0; q < queryCount; q++) {
    const query = Float64Array.from(queries.subarray(q * dim, (q + 1) * dim));
    const rows = truth.subarray(q * depth, (q + 1) * depth);
    for (let row = 0, at = 0; row < count; row++, at += dim) {
      let sum = 0;
      for (let j = 0; j < dim; j++) sum += query[j] * corpus[at + j];
      // Kept in order, best first: rows come in order, so an equal one goes behind.
      let place = Math.min(row, depth);
      if (place === depth && !(sum > best[depth - 1])) continue;
      if (place === depth) place--;
      for (; place > 0 && sum > best[place - 1]; place--) {
        best[place] = best[place - 1];
        rows[place] = rows[place - 1];
      }
      best[place] = sum;
      rows[place] = row;
    }
  }
  return truth;
}

/** Mean recall@k of `found` against `truth`, both [queries x depth]; null where there are fewer than k rows. */
export function recall(found, truth, depth, k) {
  if (k > depth) return null;
  const queryCount = truth.length / depth;
  let hits = 0;
  for (let q = 0; q < queryCount; q++) {
    const right = new Set(truth.subarray(q * depth, q * depth + k));
    for (const row of new Set(found.subarray(q * depth, q * depth + k))) if (right.has(row)) hits++;
  }
  return hits / (queryCount * k);
}

/** Mean nDCG@k; `judgements` maps a query's number to a map of row to relevance. Null without judgements. */
export function ndcg(found, depth, k, judgements) {
  if (judgements === null || k > depth) return null;
  let sum = 0;
  for (const [query, relevance] of judgements) {
    const ranked = found.subarray(query * depth, query * depth + k);
    const ideal = [...relevance.values()].sort((a, b) => b - a).slice(0, k);
    sum += dcg([...ranked].map((row) => relevance.get(row) ?? 0)) / dcg(ideal);
  }
  return sum / judgements.size;
}

function dcg(gains) {
  return gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
}

export function quality(found, truth, depth, judgements) {
  const at = (k) => recall(found, truth, depth, k);
  return {
    recall: { 1: at(1), 10: at(10), 100: at(100) },
    ndcg10: ndcg(found, depth, 10, judgements),
  };
}
