/** Laws of an index's bytes and of its end. */
import { FastRandom } from "../sample.ts";
import type { IndexChecks } from "./place.ts";
import type { VectorIndex } from "./vector-index.ts";

export const savingLaws: IndexChecks<"index.save" | "index.load" | "index.disposed"> = {
  async "index.save"(place) {
    const { t } = place;
    const { index, oracle } = await place.filled(20);
    index.remove(place.ids([0, 4, 19]));
    index.upsert(place.ids([7, 25]), place.rows([30, 31]));
    for (const id of place.ids([0, 4, 19])) oracle.rows.delete(id);
    oracle.set(place.ids([7, 25]), [30, 31]);
    const bytes = index.toBytes();
    t.same(index.toBytes(), bytes, "bytes asked for again");
    const loaded = await place.maker.load(bytes, place.kind);
    t.same(loaded.toBytes(), bytes, "bytes of the loaded index");
    place.sameIndex(loaded, oracle, "the loaded index");
    t.throws(
      "DUPLICATE_ID",
      () => loaded.add(place.ids([7]), place.rows([1])),
      "add of an id that was loaded",
    );
    loaded.remove(place.ids([7]));
    loaded.add(place.ids([0, 7]), place.rows([0, 0]));
    oracle.rows.delete(place.id(7));
    oracle.set(place.ids([0, 7]), [0, 0]);
    place.sameIndex(loaded, oracle, "the loaded index after changes");
    place.sameIndex(await place.reload(loaded), oracle, "the changed index, saved and loaded again");
    t.same(index.toBytes(), bytes, "bytes of the first index after all this");
  },

  async "index.load"(place) {
    const { t, maker, kind } = place;
    const { index } = await place.filled(6);
    const bytes = index.toBytes();
    const random = new FastRandom(place.seed);
    const lengths = [
      0,
      1,
      7,
      8,
      9,
      bytes.length - 1,
      ...Array.from({ length: 60 }, () => random.below(bytes.length)),
    ];
    for (const length of lengths) {
      const cut = bytes.slice(0, length);
      await t.rejects(
        undefined,
        async () => maker.load(cut, kind),
        `load of the first ${length} of ${bytes.length} bytes`,
      );
    }
    for (let i = 0; i < 300; i++) {
      const at = random.below(bytes.length);
      const flipped = bytes.slice();
      flipped[at] ^= 1 << (i % 8);
      const what = `load with bit ${i % 8} of byte ${at} flipped`;
      await t.rejects(undefined, async () => maker.load(flipped, kind), what);
    }
    const longer = new Uint8Array([...bytes, 0]);
    await t.rejects(undefined, async () => maker.load(longer, kind), "load with a byte appended");
  },

  async "index.disposed"(place) {
    const { t } = place;
    const { index } = await place.filled(5);
    const bytes = index.toBytes();
    index[Symbol.dispose]();
    index[Symbol.dispose]();
    const calls: { [name: string]: (index: VectorIndex) => unknown } = {
      add: (x) => x.add(place.ids([9]), place.rows([9])),
      upsert: (x) => x.upsert(place.ids([9]), place.rows([9])),
      remove: (x) => x.remove(place.ids([1])),
      has: (x) => x.has(place.id(1)),
      get: (x) => x.get(place.id(1)),
      search: (x) => x.search(place.query(1), 2),
      size: (x) => x.size,
      stats: (x) => x.stats(),
      toBytes: (x) => x.toBytes(),
    };
    for (const [name, call] of Object.entries(calls))
      t.throws("DISPOSED", () => call(index), `${name} after dispose`);
    await t.rejects("DISPOSED", () => index.searchBatch(place.rows([1]), 2), "searchBatch after dispose");
    t.equal(
      (await place.maker.load(bytes, place.kind)).size,
      5,
      "size of an index loaded from the bytes of a disposed one",
    );
  },
};
