/** Random lives of a store in a folder and of one in memory, beside a plain map of the same documents. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PithOpenOptions, PithVectorStore } from "../../src/langchain/index.ts";
import { folder, gaussians, TextEmbeddings } from "./places.ts";

const DIM = 5;
const IDS = Array.from({ length: 12 }, (_, i) => `id ${i}`);
const VECTORS = gaussians(64, DIM, 3);
const embeddings = new TextEmbeddings(DIM);

interface Entry {
  readonly vector: number[];
  readonly text: string;
  readonly group: number;
}

type Model = Map<string, Entry>;

/** A place where a store lives and may be left and entered again. */
interface Life {
  store: PithVectorStore;
  reopen(): Promise<void>;
}

const lives: readonly (readonly [string, (options: PithOpenOptions) => Promise<Life>])[] = [
  [
    "in memory, saved and loaded",
    async (options) => {
      const { compactAfter: _, ...rest } = options;
      const directory = folder();
      const life = {
        store: new PithVectorStore(embeddings, rest),
        async reopen(): Promise<void> {
          await life.store.save(directory);
          await life.store.close();
          life.store = await PithVectorStore.load(directory, embeddings);
        },
      };
      return life;
    },
  ],
  [
    "in a folder, closed and opened",
    async (options) => {
      const directory = folder();
      const life = {
        store: await PithVectorStore.open(directory, embeddings, options),
        async reopen(): Promise<void> {
          await life.store.close();
          life.store = await PithVectorStore.open(directory, embeddings, options);
        },
      };
      return life;
    },
  ],
];

const id = fc.constantFrom(...IDS);
const vector = fc.nat({ max: VECTORS.length - 1 });
const group = fc.nat({ max: 2 });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      rows: fc.uniqueArray(fc.record({ id, vector, group }), { selector: (r) => r.id, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), ids: fc.array(id, { maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteGroup" as const), group }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let texts = 0;

async function take(life: Life, model: Model, s: Step): Promise<void> {
  switch (s.kind) {
    case "add": {
      const rows = s.rows.map((row) => ({ ...row, text: `text ${texts++}` }));
      const ids = await life.store.addVectors(
        rows.map((row) => VECTORS[row.vector]),
        rows.map((row) => ({ pageContent: row.text, metadata: { group: row.group }, id: row.id })),
      );
      expect(ids).toEqual(rows.map((row) => row.id));
      for (const row of rows) {
        model.delete(row.id);
        model.set(row.id, { vector: VECTORS[row.vector], text: row.text, group: row.group });
      }
      return;
    }
    case "delete":
      await life.store.delete({ ids: s.ids });
      for (const one of s.ids) model.delete(one);
      return;
    case "deleteGroup":
      await life.store.delete({ filter: { group: s.group } });
      for (const [one, entry] of model) if (entry.group === s.group) model.delete(one);
      return;
    case "compact":
      return life.store.compact();
    default:
      return life.reopen();
  }
}

/** The store holds what the model holds, finds each document by its vector, and ranks by the very scores of its codes. */
async function same({ store }: Life, model: Model, query: number[]): Promise<void> {
  expect(store.size).toBe(model.size);
  const found = await store.getByIds(IDS);
  expect(found.map((d) => [d.id, d.pageContent, d.metadata])).toEqual(
    IDS.flatMap((one) => {
      const entry = model.get(one);
      return entry ? [[one, entry.text, { group: entry.group }]] : [];
    }),
  );
  const ranked = await store.similaritySearchVectorWithScore(query, 99);
  expect(ranked.map(([d]) => d.id).sort()).toEqual([...model.keys()].sort());
  const cosine = (v: number[]): number =>
    v.reduce((sum, x, i) => sum + x * query[i], 0) / Math.hypot(...v) / Math.hypot(...query);
  ranked.forEach(([d, score], i) => {
    const entry = model.get(d.id as string) as Entry;
    expect(d.pageContent).toBe(entry.text);
    expect(Math.abs(score - cosine(entry.vector))).toBeLessThan(0.02);
    if (i > 0) expect(score).toBeLessThanOrEqual(ranked[i - 1][1]);
  });
  for (const wanted of [0, 1, 2]) {
    const part = await store.similaritySearchVectorWithScore(query, 3, { group: wanted });
    const all = ranked.filter(([d]) => d.metadata["group"] === wanted);
    expect(part).toEqual(all.slice(0, 3));
  }
}

describe.each(lives)("a store %s", (_, begin) => {
  test.each<[string, PithOpenOptions, number]>([
    ["codes from the first row on", { encodeFrom: 0, compactAfter: 5 }, 10],
    ["floats, then codes", { encodeFrom: 6, compactAfter: 3 }, 10],
    ["rescored codes", { encodeFrom: 4, compactAfter: 4, rescore: "f32" }, 6],
  ])(
    "is what a map of its documents is: %s",
    async (_what, options, numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), vector, async (steps, q) => {
          const life = await begin(options);
          const model: Model = new Map();
          for (const s of steps) {
            await take(life, model, s);
            await same(life, model, VECTORS[q]);
          }
          await life.reopen();
          await same(life, model, VECTORS[q]);
          await life.store.close();
        }),
        { numRuns, seed: 5, endOnFailure: false },
      );
    },
    60_000,
  );
});
