/**
 * What MongoDB's operators select of six metadata objects (those of "store.operators"): a missing key equals nothing, so
 * $ne and $nin match it; numbers and strings are never equal, and only compare with their like.
 * Source: MongoDB manual, query predicates; for a null in a filter it differs, and no case here has one.
 */
export interface OperatorCase {
  readonly filter: { readonly [key: string]: unknown };
  /** Numbers of the documents. */
  readonly matches: readonly number[];
}

export const OPERATOR_CASES: readonly OperatorCase[] = [
  { filter: {}, matches: [0, 1, 2, 3, 4, 5] },
  { filter: { lang: "en" }, matches: [0, 2, 4] },
  { filter: { lang: { $eq: "en" } }, matches: [0, 2, 4] },
  { filter: { lang: { $ne: "en" } }, matches: [1, 3, 5] },
  { filter: { year: { $ne: 2000 } }, matches: [0, 2, 3, 4, 5] },
  { filter: { year: 2000 }, matches: [1] },
  { filter: { year: { $gt: 2000 } }, matches: [2, 3] },
  { filter: { year: { $gte: 2000 } }, matches: [1, 2, 3] },
  { filter: { year: { $lt: 2010 } }, matches: [0, 1] },
  { filter: { year: { $lte: 2010 } }, matches: [0, 1, 2] },
  { filter: { year: { $gt: 1990, $lt: 2020 } }, matches: [1, 2] },
  { filter: { lang: { $gte: "en" } }, matches: [0, 2, 3, 4] },
  { filter: { year: { $in: [1990, 2020, 7] } }, matches: [0, 3] },
  { filter: { year: { $in: [] } }, matches: [] },
  { filter: { lang: { $nin: ["en", "de"] } }, matches: [3, 5] },
  { filter: { year: { $nin: [1990] } }, matches: [1, 2, 3, 4, 5] },
  { filter: { draft: { $exists: true } }, matches: [2, 3] },
  { filter: { draft: { $exists: false } }, matches: [0, 1, 4, 5] },
  { filter: { tag: { $exists: true } }, matches: [0] },
  { filter: { draft: false }, matches: [2] },
  { filter: { lang: "en", year: { $gte: 2000 } }, matches: [2] },
  { filter: { $and: [{ lang: "en" }, { year: { $lt: 2000 } }] }, matches: [0] },
  { filter: { $or: [{ lang: "de" }, { draft: true }] }, matches: [1, 3] },
  { filter: { lang: "en", $or: [{ year: 1990 }, { draft: false }] }, matches: [0, 2] },
  { filter: { $or: [{ $and: [{ lang: "en" }, { draft: false }] }, { lang: "fr" }] }, matches: [2, 3] },
];
