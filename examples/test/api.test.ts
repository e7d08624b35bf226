/** The types that each package promises: a change of a signature shows here, and asks for a changeset. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { apiText } from "./api-text.ts";

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "packages");

test.each([
  ["codec-core", "index"],
  ["codec-core", "files/index"],
  ["contract", "index"],
  ["int8", "index"],
  ["int8", "binary/index"],
  ["spectral", "index"],
  ["turboquant", "index"],
  ["adapters", "langchain/index"],
  ["adapters", "qdrant/index"],
  ["adapters", "weaviate/index"],
])(
  "%s/%s exports these types",
  async (name, entry) => {
    const folder = join(PACKAGES, name, "dist");
    const text = apiText(join(folder, `${entry}.d.ts`), folder);
    expect(text.length).toBeGreaterThan(300);
    await expect(text).toMatchFileSnapshot(`__snapshots__/${name}-${entry.replace("/index", "")}.api.txt`);
  },
  60_000,
);
