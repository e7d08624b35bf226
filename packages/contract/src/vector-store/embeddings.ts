/** Embeddings of the texts that the suite uses: fixtures/texts.json, made by fixtures/texts.mjs. */
import type { DocumentEmbeddings } from "./document-store.ts";

interface Fixture {
  readonly size: number;
  readonly vectors: { readonly [text: string]: readonly number[] };
}

let fixture: Promise<Fixture> | undefined;

/** Read when it is first needed: suites without documents run where there are no files. */
function texts(): Promise<Fixture> {
  fixture ??= import("node:fs/promises").then(
    async ({ readFile }) =>
      JSON.parse(await readFile(new URL("../../fixtures/texts.json", import.meta.url), "utf8")) as Fixture,
  );
  return fixture;
}

async function embed(text: string): Promise<number[]> {
  const { vectors } = await texts();
  if (!Object.hasOwn(vectors, text)) throw new Error(`fixtures/texts.json has no vector for "${text}"`);
  return [...vectors[text]];
}

/** Vectors of 6 dims, of different lengths, no two with a cosine above .3. Any other text is an Error. */
export const fixtureEmbeddings: DocumentEmbeddings = {
  embedDocuments: (documents) => Promise.all(documents.map(embed)),
  embedQuery: embed,
};
