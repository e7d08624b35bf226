/** Laws of a document store's files. */
import { FastRandom } from "../sample.ts";
import type { DocumentStore, StoredDocument, StoreFiles } from "./document-store.ts";
import { document, type StoreChecks, type StorePlace } from "./store-place.ts";

/** Bits of each file that are flipped, one at a time. */
const FLIPS = 24;
const TEXTS = ["foo", "bar", "baz", "new foo", "qux"];

/** A store that was changed in every way it can be. */
async function changed(place: StorePlace): Promise<DocumentStore> {
  const { supports } = place;
  const store = await place.texts("foo", "bar", "baz", "qux");
  if (supports.ids) await store.addDocuments([document("new foo", 9)], { ids: ["1"] });
  if (supports.delete) await store.delete!({ ids: ["3"] });
  return store;
}

/** All that searches tell of a store, scores and order too. */
async function told(place: StorePlace, store: DocumentStore): Promise<[StoredDocument, number][]> {
  const found: [StoredDocument, number][] = [];
  for (const text of TEXTS) found.push(...(await store.similaritySearchWithScore(text, 99)));
  for (const row of place.rows(2, 6, 1))
    found.push(...(await store.similaritySearchVectorWithScore(row, 99)));
  return found;
}

type Told = readonly [StoredDocument, number][];

function sameTold(place: StorePlace, actual: Told, expected: Told, what: string): void {
  const [a, b] = [actual, expected].map((found) => found.map(([d]) => d));
  place.same(a, b, what);
  const [x, y] = [actual, expected].map((found) => found.map(([, score]) => score));
  place.t.same(x, y, `${what}, scores`);
}

function sameFiles(place: StorePlace, actual: StoreFiles, expected: StoreFiles, what: string): void {
  const { t } = place;
  t.equal([...actual.keys()].sort().join(), [...expected.keys()].sort().join(), `${what}, names of files`);
  for (const [name, bytes] of expected) t.same(actual.get(name)!, bytes, `${what}, bytes of ${name}`);
}

/** The store goes on: what is added, replaced and deleted now counts as before. */
async function goesOn(place: StorePlace, store: DocumentStore, what: string): Promise<void> {
  const { supports, t } = place;
  const before = (await store.similaritySearch("baz", 99)).length;
  await store.addDocuments([document("baz", 20)], { ids: ["after"] });
  place.same(await store.similaritySearch("baz", 1), [document("baz", 20)], `${what}, found after adding`);
  t.equal((await store.similaritySearch("baz", 99)).length, before + 1, `${what}, documents after adding`);
  if (!supports.ids) return;
  await store.addDocuments([document("quux", 21)], { ids: ["after"] });
  t.equal((await store.similaritySearch("baz", 99)).length, before + 1, `${what}, documents after replacing`);
  if (!supports.delete) return;
  await store.delete!({ ids: ["after", "2"] });
  t.equal((await store.similaritySearch("baz", 99)).length, before - 1, `${what}, documents after deleting`);
}

export const savingLaws: StoreChecks<"store.save" | "store.damaged" | "store.reopen"> = {
  async "store.save"(place) {
    const { maker, supports, t } = place;
    for (const make of [() => place.create(), () => changed(place)]) {
      const store = await make();
      const before = await told(place, store);
      const files = await maker.save!(store);
      t.ok(files.size > 0, "files were saved");
      sameTold(place, await told(place, store), before, "the store after it was saved");
      const loaded = await place.load(files);
      sameTold(place, await told(place, loaded), before, "the loaded store");
      if (supports.saves === "same bytes") {
        sameFiles(place, await maker.save!(store), files, "saved a second time");
        sameFiles(place, await maker.save!(loaded), files, "saved after loading");
      }
      if (before.length > 0) await goesOn(place, loaded, "the loaded store");
      sameTold(place, await told(place, store), before, "the first store after the loaded one was changed");
      const again = await place.load(await maker.save!(loaded));
      sameTold(place, await told(place, again), await told(place, loaded), "saved and loaded after changes");
    }
  },

  async "store.damaged"(place) {
    const { maker, t } = place;
    const store = await changed(place);
    const files = await maker.save!(store);
    const random = new FastRandom(place.seed);
    for (const [name, bytes] of files) {
      const missing = new Map([...files].filter(([other]) => other !== name));
      // No file at all may be what a new store begins with.
      if (missing.size > 0) await t.rejects(undefined, () => place.load(missing), `load without ${name}`);
      const within = Array.from({ length: 8 }, () => random.below(bytes.length));
      const half = bytes.length >> 1;
      for (const length of new Set([0, 1, 16, half, half - (half % 4096), bytes.length - 1, ...within])) {
        if (length >= bytes.length || length < 0) continue;
        const cut = new Map([...files, [name, bytes.slice(0, length)]]);
        const what = `load with the first ${length} of ${bytes.length} bytes of ${name}`;
        await t.rejects(undefined, () => place.load(cut), what);
      }
    }
    for (const [name, bytes] of files)
      for (let i = 0; i < FLIPS; i++) {
        const at = random.below(bytes.length);
        const flipped = bytes.slice();
        flipped[at] ^= 1 << (i % 8);
        const what = `load with bit ${i % 8} of byte ${at} of ${bytes.length} of ${name} flipped`;
        await t.rejects(undefined, () => place.load(new Map([...files, [name, flipped]])), what);
      }
    const whole = await told(place, await place.load(files));
    sameTold(place, whole, await told(place, store), "the whole files, loaded after all this");
  },

  async "store.reopen"(place) {
    let store = await place.reopen(await place.create());
    place.t.equal((await store.similaritySearch("foo", 9)).length, 0, "documents of an empty store");
    await store.addDocuments([document("foo", 1)]);
    place.t.equal(
      (await (await place.reopen(store)).similaritySearch("foo", 9)).length,
      1,
      "documents of one",
    );
    store = await changed(place);
    for (const times of ["once", "twice"]) {
      const before = await told(place, store);
      store = await place.reopen(store);
      sameTold(place, await told(place, store), before, `closed and opened ${times}`);
    }
    await goesOn(place, store, "the reopened store");
    const before = await told(place, store);
    sameTold(place, await told(place, await place.reopen(store)), before, "reopened after changes");
  },
};
