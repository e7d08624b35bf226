/** Laws of what a store of points holds: adding, replacing, deleting, ids. */
import { type PointChecks, type PointPlace, type PointRows, sorted } from "./point-place.ts";
import type { PointPayload } from "./point-store.ts";

/** Different texts that a careless store takes for one, or can't take. */
const ODD_IDS: readonly string[] = [
  "1",
  "01",
  "1.0",
  "-1",
  "a b",
  "a/b?c=d#e",
  "'; DROP TABLE points; --",
  '"quoted"',
  "back\\slash",
  "line\nbreak",
  "émigré",
  "e\u0301migre\u0301",
  "日本語 🗾",
  "__proto__",
  "constructor",
  "null",
  "x".repeat(1000),
  "6f1c2a34-9d3b-4c0e-8a51-2f4b7c9d0e11",
  "6F1C2A34-9D3B-4C0E-8A51-2F4B7C9D0E11",
  "6f1c2a349d3b4c0e8a512f4b7c9d0e11",
];

export const pointLaws: PointChecks<
  "point.empty" | "point.add" | "point.again" | "point.replace" | "point.delete" | "point.ids" | "point.many"
> = {
  async "point.empty"(place) {
    const store = await place.create();
    const empty: PointRows = new Map();
    await place.holds(store, empty, "a new store");
    place.t.equal((await store.getByIds(["p0"])).length, 0, "points got by an unknown id");
    await store.delete(["p0", "p1"]);
    await store.delete([]);
    await store.add([], place.vectors([]), []);
    await place.holds(store, empty, "after adding no rows");
    const other = await place.filled(3);
    await place.holds(store, empty, "beside a store that has points");
    await other.store.delete([...other.rows.keys()]);
    await place.holds(other.store, empty, "a store whose points were all deleted");
  },

  async "point.add"(place) {
    const { store, rows } = await place.filled(12);
    await place.holds(store, rows, "after one call");
    const more: PointRows = new Map(place.rows(3, 7).map((row, i) => [`q${i}`, row]));
    await place.add(store, more);
    const all = new Map([...rows, ...more]);
    await place.holds(store, all, "after a second call");
    await place.payloads(store, payloads(place, rows), "points of the first call");
    await place.payloads(store, payloads(place, more), "points of the second call");
    for (const [id, row] of more) {
      const [hit] = await store.search(row, 1);
      place.t.equal(
        sorted(hit.payload),
        sorted(payloadOf(place, all, hit.id)),
        `payload of the hit of ${id}`,
      );
    }
    const some = await store.getByIds(["p3", "nowhere", "q1"]);
    place.t.equal(
      some
        .map(({ id }) => id)
        .sort()
        .join(),
      "p3,q1",
      "ids got among unknown ones",
    );
  },

  async "point.again"(place) {
    const { store, rows } = await place.filled(8);
    await place.add(store, rows);
    await place.holds(store, rows, "after the same call again");
    for (const [id, row] of [...rows].reverse())
      await store.add([id], place.vectors([row]), [payloadOf(place, rows, id)]);
    await place.holds(store, rows, "after the same points one by one");
    await place.payloads(store, payloads(place, rows), "points added three times");
  },

  async "point.replace"(place) {
    const { store, rows } = await place.filled(9);
    const changed = ["p2", "p8", "p0"];
    const fresh = place.rows(4, 3);
    await store.add(
      [...changed, "new"],
      place.vectors(fresh),
      [...changed, "new"].map((id) => ({ text: `changed ${id}` })),
    );
    [...changed, "new"].forEach((id, i) => {
      rows.set(id, fresh[i]);
    });
    await place.holds(store, rows, "after a call that replaces three and adds one");
    const expected = new Map([...changed, "new"].map((id) => [id, { text: `changed ${id}` }]));
    await place.payloads(store, expected, "replaced points");
    await place.payloads(store, new Map([["p1", place.payload(1)]]), "a point beside them");
  },

  async "point.delete"(place) {
    const { store, rows } = await place.filled(10);
    await store.delete(["p4"]);
    rows.delete("p4");
    await place.holds(store, rows, "after one was deleted");
    await store.delete(["p4", "unknown", "p0", "p9", "p0"]);
    rows.delete("p0");
    rows.delete("p9");
    await place.holds(store, rows, "after two more, one that had gone, and one that never was");
    place.t.equal((await store.getByIds(["p4", "p0", "p9"])).length, 0, "deleted points that can be got");
    const [back] = place.rows(1, 5);
    await store.add(["p4"], place.vectors([back]), [{ text: "back" }]);
    rows.set("p4", back);
    await place.holds(store, rows, "after an id came back");
    await place.payloads(store, new Map([["p4", { text: "back" }]]), "the id that came back");
  },

  async "point.ids"(place) {
    const store = await place.create();
    const rows: PointRows = new Map(place.rows(ODD_IDS.length).map((row, i) => [ODD_IDS[i], row]));
    await place.add(store, rows);
    await place.holds(store, rows, "odd ids");
    await place.payloads(store, payloads(place, rows), "odd ids");
    for (const [i, id] of ODD_IDS.entries())
      if (i % 3 === 0) {
        await store.delete([id]);
        rows.delete(id);
      }
    await place.holds(store, rows, "after every third was deleted");
  },

  async "point.many"(place) {
    const store = await place.create();
    const rows: PointRows = new Map(place.rows(1000).map((row, i) => [`p${i}`, row]));
    const parts = [0, 1, 2].map((part) => [...rows].filter((_, i) => i % 3 === part));
    await place.add(store, new Map(parts[0]));
    await Promise.all(parts.slice(1).map((part) => place.add(store, new Map(part))));
    await place.holds(store, rows, "1,000 points of three calls");
  },
};

function payloadOf(place: PointPlace, rows: ReadonlyMap<string, unknown>, id: string): PointPayload {
  // A row of the second call has its number there; ids end in it.
  return rows.has(id) ? place.payload(Number(id.slice(1))) : {};
}

function payloads(place: PointPlace, rows: ReadonlyMap<string, unknown>): Map<string, PointPayload> {
  return new Map([...rows.keys()].map((id, i) => [id, place.payload(i)]));
}
