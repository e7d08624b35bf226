/** Laws of changing an index off the event loop, for indexes that offer it. */
import type { IndexChecks } from "./place.ts";
import type { VectorIndex } from "./vector-index.ts";

type Offered = VectorIndex & Required<Pick<VectorIndex, "addAsync" | "upsertAsync">>;

export const offLoopLaws: IndexChecks<"index.async"> = {
  async "index.async"(place) {
    const { t } = place;
    const { index, oracle } = await place.filled(9);
    if (!offers(index)) return;
    const nan = place.rows([1, 2]);
    nan.data[nan.data.length - 1] = Number.NaN;
    const aborted = AbortSignal.abort("enough");
    const add = (ids: number[], signal?: AbortSignal): Promise<void> =>
      index.addAsync(place.ids(ids), place.rows(ids), signal ? { signal } : {});
    const bytes = index.toBytes();
    const refused = [
      ["DUPLICATE_ID", () => add([20, 8]), "addAsync of an id that is there"],
      ["DUPLICATE_ID", () => add([20, 20]), "addAsync of an id that repeats"],
      [
        "ID_COUNT_MISMATCH",
        () => index.addAsync(place.ids([20]), place.rows([1, 2])),
        "addAsync of fewer ids",
      ],
      ["NOT_FINITE", () => index.addAsync(place.ids([20, 21]), nan), "addAsync of a NaN"],
      ["NOT_FINITE", () => index.upsertAsync(place.ids([2, 21]), nan), "upsertAsync of a NaN"],
      ["ABORTED", () => add([20, 21], aborted), "addAsync with an aborted signal"],
      [
        "ABORTED",
        () => index.upsertAsync(place.ids([2, 21]), place.rows([5, 6]), { signal: aborted }),
        "upsertAsync with an aborted signal",
      ],
    ] as const;
    for (const [code, call, what] of refused) {
      await t.rejects(code, call, what);
      place.sameIndex(index, oracle, `the index after ${what}`);
      t.same(index.toBytes(), bytes, `bytes of the index after ${what}`);
    }
    const ids = place.ids([20, 21]);
    const adding = index.addAsync(ids, place.rows([1, 2]));
    ids.reverse();
    await adding;
    oracle.set(place.ids([20, 21]), [1, 2]);
    place.sameIndex(index, oracle, "the index after addAsync, whose ids changed while it ran");
    const counts = await index.upsertAsync(place.ids([30, 4]), place.rows([9, 10]));
    oracle.set(place.ids([30, 4]), [9, 10]);
    t.equal(counts.added, 1, "rows added");
    t.equal(counts.replaced, 1, "rows replaced");
    place.sameIndex(index, oracle, "the index after upsertAsync");
    // Two at once, with an id in common: one of them is refused, and takes no row with it.
    const both = await Promise.allSettled([add([31, 32]), add([32, 33])]);
    const settled = both.map(({ status }) => status === "fulfilled");
    t.equal(settled.filter(Boolean).length, 1, "of two additions of one id, those that succeed");
    const winners = settled[0] ? [31, 32] : [32, 33];
    oracle.set(place.ids(winners), winners);
    place.sameIndex(index, oracle, "the index after two additions of one id");
  },
};

function offers(index: VectorIndex): index is Offered {
  return index.addAsync !== undefined && index.upsertAsync !== undefined;
}
