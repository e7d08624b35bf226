/** The example prints what its README shows, the first time and from the folder that it left. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "pith-rag-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const run = (): string =>
  execFileSync(process.execPath, [path("rag.mjs"), join(folder, "store")], { encoding: "utf8" });

test("retrieves for prompts from a store in a folder, and again after opening it", () => {
  const readme = readFileSync(path("README.md"), "utf8");
  const shown = /```text\n(.*?)\n```/s.exec(readme)?.[1] ?? "";
  const first = run();
  expect(first.split("\n").slice(0, shown.split("\n").length).join("\n")).toBe(shown);
  expect(run()).toBe(first.replace("documents were added", "documents were there"));
}, 60_000);

test("a text without a stored vector is an error that names it", async () => {
  const { StoredEmbeddings } = (await import(path("stored-embeddings.mjs"))) as {
    StoredEmbeddings: {
      open(): Promise<{ documents: string[]; embedQuery(text: string): Promise<number[]> }>;
    };
  };
  const embeddings = await StoredEmbeddings.open();
  expect(embeddings.documents.length).toBe(6000);
  await expect(embeddings.embedQuery("no such text")).rejects.toThrow('"no such text"');
});
