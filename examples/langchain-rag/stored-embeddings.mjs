/**
 * Embeddings without a model: the vectors that are bundled with the repository, looked up by their text. Documents are names of
 * packages, queries are synopses of other packages. Any other text has no vector here; README.md says what to put in
 * this class's place for text of one's own.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Embeddings } from "@langchain/core/embeddings";
import { openVectors } from "@pith/codec-core/files";

export const DATA = fileURLToPath(new URL("../data/", import.meta.url));

export class StoredEmbeddings extends Embeddings {
  /** Vectors by text. */
  #documents;
  #queries;

  constructor(documents, queries) {
    super({});
    this.#documents = documents;
    this.#queries = queries;
  }

  static async open(folder = DATA) {
    const packages = await vectors(`${folder}packages.pith.safetensors`);
    const synopses = (await readFile(`${folder}queries.jsonl`, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).text);
    const queries = await vectors(`${folder}queries.f32.npy`);
    return new StoredEmbeddings(
      new Map(packages.rows.map((row, i) => [packages.ids[i], row])),
      new Map(queries.rows.map((row, i) => [synopses[i], row])),
    );
  }

  /** Texts of all documents. */
  get documents() {
    return [...this.#documents.keys()];
  }

  async embedDocuments(texts) {
    return texts.map((text) => found(this.#documents, text));
  }

  async embedQuery(text) {
    return found(this.#queries, text);
  }
}

function found(vectors, text) {
  const vector = vectors.get(text);
  if (vector === undefined) throw new Error(`no stored vector for ${JSON.stringify(text)}`);
  return vector;
}

async function vectors(path) {
  const source = await openVectors(path);
  try {
    const rows = [];
    for await (const { data, dim, count } of source.rows())
      for (let i = 0; i < count; i++) rows.push(Array.from(data.subarray(i * dim, (i + 1) * dim)));
    return { rows, ids: (await source.ids())?.toArray() };
  } finally {
    await source[Symbol.asyncDispose]();
  }
}
