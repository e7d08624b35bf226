/**
 * What a codec did to search: recall against the exact neighbours, and nDCG and MRR against judgements.
 * nDCG uses gains 2^relevance - 1 and discount log2(rank + 1), as trec_eval's ndcg_cut and BEIR do for binary
 * judgements. Source: Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
 */

/** |top k found ∩ top k exact| / k, averaged over queries; k is cut to the length of the exact lists. */
export function recallAt(
  k: number,
  found: readonly ArrayLike<number>[],
  exact: readonly ArrayLike<number>[],
): number {
  let sum = 0;
  found.forEach((hits, q) => {
    const wanted = new Set(Array.from(exact[q]).slice(0, k));
    const got = new Set(Array.from(hits).slice(0, k));
    let both = 0;
    for (const slot of got) if (wanted.has(slot)) both++;
    sum += both / Math.min(k, exact[q].length);
  });
  return sum / found.length;
}

/** Relevance by document for each query; queries without a relevant document don't count. */
export type Judgements<Doc> = readonly ReadonlyMap<Doc, number>[];

export function ndcgAt<Doc>(
  k: number,
  found: readonly (readonly Doc[])[],
  judgements: Judgements<Doc>,
): number {
  return meanOverJudged(found, judgements, (docs, relevance) => {
    const gain = (r: number, rank: number): number => (2 ** r - 1) / Math.log2(rank + 2);
    const ideal = [...relevance.values()].sort((a, b) => b - a).slice(0, k);
    const best = ideal.reduce((sum, r, rank) => sum + gain(r, rank), 0);
    return docs.slice(0, k).reduce((sum, doc, rank) => sum + gain(relevance.get(doc) ?? 0, rank), 0) / best;
  });
}

/** Mean reciprocal rank of the first relevant document among the first k. */
export function mrrAt<Doc>(
  k: number,
  found: readonly (readonly Doc[])[],
  judgements: Judgements<Doc>,
): number {
  return meanOverJudged(found, judgements, (docs, relevance) => {
    const first = docs.slice(0, k).findIndex((doc) => (relevance.get(doc) ?? 0) > 0);
    return first < 0 ? 0 : 1 / (first + 1);
  });
}

function meanOverJudged<Doc>(
  found: readonly (readonly Doc[])[],
  judgements: Judgements<Doc>,
  measure: (docs: readonly Doc[], relevance: ReadonlyMap<Doc, number>) => number,
): number {
  const values = found.flatMap((docs, q) =>
    [...judgements[q].values()].some((r) => r > 0) ? [measure(docs, judgements[q])] : [],
  );
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
