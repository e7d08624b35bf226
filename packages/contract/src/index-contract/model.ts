/** Model-based test: random runs of commands on the index and on its oracle, shrunk to the shortest that differs. */
import fc from "fast-check";
import type { Oracle } from "./oracle.ts";
import type { IndexChecks, Place } from "./place.ts";
import type { IndexId, VectorIndex } from "./vector-index.ts";

/** Few ids and fewer vectors for many commands, so that ids meet again and scores tie. */
const IDS = 12;
const VECTORS = 4;
const RUNS = 80;
const COMMANDS = 30;

interface Real {
  index: VectorIndex;
}

type Step = fc.AsyncCommand<Oracle<IndexId>, Real>;

/** Numbers of ids and of rows of the pool; an id may repeat. */
type Rows = readonly { readonly id: number; readonly row: number }[];

export const modelLaws: IndexChecks<"index.model"> = {
  async "index.model"(place) {
    const commands = fc.commands(steps(place), { maxCommands: COMMANDS });
    const property = fc.asyncProperty(commands, async (run) => {
      const real = { index: await place.create() };
      await fc.asyncModelRun(() => ({ model: place.oracle(), real }), run);
    });
    const result = await fc.check(property, { seed: place.seed, numRuns: RUNS });
    if (result.failed)
      place.t.fail(
        fc.defaultReportMessage(result) ?? "a run of commands differs",
        "no difference",
        result.counterexample?.[0],
      );
  },
};

function steps(place: Place): fc.Arbitrary<Step>[] {
  const id = fc.nat({ max: IDS - 1 });
  const row = fc.nat({ max: VECTORS - 1 });
  const rows = fc.array(fc.record({ id, row }), { maxLength: 6 });
  const ids = fc.array(id, { maxLength: 8 });
  const query = fc.nat({ max: 2 * VECTORS });
  const k = fc.integer({ min: 1, max: IDS + 2 });
  return [
    rows.map((r) => step(`add(${text(r)})`, (o, real) => change(place, o, real, "add", r))),
    rows.map((r) => step(`upsert(${text(r)})`, (o, real) => change(place, o, real, "upsert", r))),
    ids.map((i) => step(`remove(${i})`, (o, real) => remove(place, o, real, i))),
    fc.tuple(query, k).map(([q, n]) =>
      step(`search(${q}, ${n})`, (o, { index }) => {
        place.sameMatches(index.search(place.query(q), n), o.search(place.query(q), n), "search");
      }),
    ),
    fc.tuple(query, k, ids).map(([q, n, i]) =>
      step(`search(${q}, ${n}, allow ${i})`, (o, { index }) => {
        const allow = place.ids(i);
        const found = index.search(place.query(q), n, { filter: { allow } });
        place.sameMatches(
          found,
          o.search(place.query(q), n, (x) => allow.includes(x)),
          "search with a list",
        );
        const same = index.search(place.query(q), n, { filter: (x) => allow.includes(x) });
        place.sameMatches(same, found, "search with a function");
      }),
    ),
    fc.constant(
      step("save and load", async (o, real) => {
        const bytes = real.index.toBytes();
        real.index = await place.maker.load(bytes, place.kind);
        place.t.same(real.index.toBytes(), bytes, "bytes of the loaded index");
        place.sameIndex(real.index, o, "the loaded index");
      }),
    ),
  ];
}

function step(name: string, run: (oracle: Oracle<IndexId>, real: Real) => void | Promise<void>): Step {
  return { check: () => true, run: async (oracle, real) => run(oracle, real), toString: () => name };
}

function text(rows: Rows): string {
  return rows.map(({ id, row }) => `${id}: row ${row}`).join(", ");
}

function change(place: Place, oracle: Oracle<IndexId>, real: Real, how: "add" | "upsert", rows: Rows): void {
  const { t } = place;
  const ids = place.ids(rows.map(({ id }) => id));
  const vectors = place.rows(rows.map(({ row }) => row));
  const known = ids.filter((id) => oracle.rows.has(id)).length;
  const repeats = new Set(ids).size < ids.length;
  if (repeats || (how === "add" && known > 0)) {
    t.throws("DUPLICATE_ID", () => real.index[how](ids, vectors), `${how} of ids that repeat or are there`);
  } else {
    const counts = real.index[how](ids, vectors);
    if (counts) {
      t.equal(counts.replaced, known, "rows replaced");
      t.equal(counts.added, ids.length - known, "rows added");
    }
    oracle.set(
      ids,
      rows.map(({ row }) => row),
    );
  }
  holdsAlike(place, oracle, real);
}

function remove(place: Place, oracle: Oracle<IndexId>, real: Real, numbers: readonly number[]): void {
  const ids = place.ids(numbers);
  const gone = new Set(ids.filter((id) => oracle.rows.has(id)));
  place.t.equal(real.index.remove(ids), gone.size, "ids removed");
  for (const id of gone) oracle.rows.delete(id);
  holdsAlike(place, oracle, real);
}

function holdsAlike(place: Place, oracle: Oracle<IndexId>, { index }: Real): void {
  place.t.equal(index.size, oracle.rows.size, "size");
  for (let i = 0; i < IDS; i++)
    place.t.equal(
      index.has(place.id(i)),
      oracle.rows.has(place.id(i)),
      `whether it has ${String(place.id(i))}`,
    );
}
