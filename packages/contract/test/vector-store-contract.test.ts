import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type DocumentEmbeddings,
  fixtureEmbeddings,
  STORE_LAWS,
  type StoreFiles,
  type StoreSupports,
  vectorStoreContract,
} from "../src/index.ts";
import { brokenDocuments } from "./broken/documents.ts";
import { collect } from "./collect.ts";
import { MapDocuments } from "./reference-documents.ts";

const all: StoreSupports = {
  metric: "cosine",
  scoreError: 0,
  exact: true,
  zeroVectors: true,
  ids: true,
  getByIds: true,
  delete: true,
  filters: ["function", "object"],
  mmr: true,
  scores: "similarity",
  checks: true,
  saves: "same bytes",
  reopens: true,
};

const through = (make: (embeddings: DocumentEmbeddings) => MapDocuments) => ({
  create: make,
  save: async (store: MapDocuments) => store.save(),
  load: async (files: StoreFiles, embeddings: DocumentEmbeddings) => make(embeddings).load(files),
  reopen: async (store: MapDocuments, embeddings: DocumentEmbeddings) => make(embeddings).load(store.save()),
});

vectorStoreContract({
  test,
  name: "a map",
  supports: all,
  ...through((embeddings) => new MapDocuments(embeddings)),
});

describe("a store that", () => {
  test.each(brokenDocuments)("$fault breaks $law", async ({ make, law, supports = {}, load }) => {
    const maker = through(make);
    const { failures, strays } = await collect(
      (t) =>
        vectorStoreContract({ test: t, supports: { ...all, ...supports }, ...maker, ...(load && { load }) }),
      law,
    );
    expect(strays).toEqual([]);
    expect([...failures.keys()]).toEqual([law]);
    const unexpected = "(?!.*unexpected (TypeError|RangeError))";
    expect(failures.get(law)?.message).toMatch(
      new RegExp(`^\\[${law}\\] store, seed 20260101: ${unexpected}`),
    );
  });
});

test("every law catches some broken store", () => {
  const caught = new Set(brokenDocuments.map(({ law }) => law));
  expect(Object.keys(STORE_LAWS).filter((law) => !caught.has(law))).toEqual([]);
});

test("a store that says it can do less is asked for less, but has to refuse the rest", async () => {
  const little: Partial<StoreSupports> = { filters: ["function"], mmr: false, saves: "none", reopens: false };
  const create = (embeddings: DocumentEmbeddings): MapDocuments => new MapDocuments(embeddings);
  const { names, failures } = await collect((t) =>
    vectorStoreContract({ test: t, supports: { ...all, ...little }, create }),
  );
  for (const law of ["store.operators", "store.mmr", "store.save", "store.damaged", "store.reopen"])
    expect(names.join("\n")).not.toContain(`: ${law}: `);
  expect([...failures.keys()]).toEqual(["store.manifest"]);
});

describe("fixtures/texts.json", () => {
  const url = new URL("../fixtures/texts.json", import.meta.url);

  test("is what its generator makes", async () => {
    // @ts-expect-error: a script without types
    const { json, texts } = await import("../fixtures/texts.mjs");
    expect(readFileSync(url, "utf8")).toBe(json(texts()));
  });

  test("is what the embeddings give; other texts are refused", async () => {
    const { vectors } = JSON.parse(readFileSync(url, "utf8")) as { vectors: { [text: string]: number[] } };
    expect(await fixtureEmbeddings.embedDocuments(Object.keys(vectors))).toEqual(Object.values(vectors));
    expect(await fixtureEmbeddings.embedQuery("foo")).toEqual(vectors["foo"]);
    await expect(fixtureEmbeddings.embedQuery("constructor")).rejects.toThrow("constructor");
  });
});
