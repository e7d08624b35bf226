/** What the tests share: embeddings that are a function of the text, random vectors, and stores in memory and in folders. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { type ErrorCode, isPithError, SplitMix64 } from "@pith/codec-core";
import { afterAll, expect } from "vitest";
import { type PithOpenOptions, PithVectorStore } from "../../src/langchain/index.ts";

/** Gaussian vectors, seeded by the text. */
export class TextEmbeddings implements EmbeddingsInterface {
  readonly #dim: number;
  /** Texts that were embedded. */
  asked = 0;

  constructor(dim: number) {
    this.#dim = dim;
  }

  async embedQuery(text: string): Promise<number[]> {
    this.asked++;
    let seed = 7;
    for (const unit of text) seed = (seed * 31 + (unit.codePointAt(0) ?? 0)) % 2 ** 31;
    const random = new SplitMix64(seed);
    return Array.from({ length: this.#dim }, () => random.gaussian());
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

export function gaussians(count: number, dim: number, seed: number): number[][] {
  const random = new SplitMix64(seed);
  return Array.from({ length: count }, () => Array.from({ length: dim }, () => random.gaussian()));
}

export function documents(
  count: number,
  first: number = 0,
): { pageContent: string; metadata: { n: number }; id: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    pageContent: `text ${first + i}`,
    metadata: { n: first + i },
    id: `d${first + i}`,
  }));
}

const root = mkdtempSync(join(tmpdir(), "pith-langchain-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An empty folder, removed after the tests of the file. */
export function folder(): string {
  return mkdtempSync(join(root, "own-"));
}

/** An empty store. */
export type Maker = (embeddings: EmbeddingsInterface, options?: PithOpenOptions) => Promise<PithVectorStore>;

export const places: readonly (readonly [name: string, make: Maker])[] = [
  ["in memory", async (embeddings, options = {}) => new PithVectorStore(embeddings, options)],
  ["in a folder", (embeddings, options) => PithVectorStore.open(folder(), embeddings, options)],
];

export const CODECS = ["int8", "binary", "turboquant", "turboquant-spec", "spectral", "spectral-dft"];

/** That `work` fails with a PithError of this code, in one line. Gives its text. */
export async function fails(code: ErrorCode, work: () => unknown): Promise<string> {
  let error: unknown;
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  }
  expect(isPithError(error), String(error)).toBe(true);
  const { code: actual, message } = error as { code: ErrorCode; message: string };
  expect(actual, message).toBe(code);
  expect(message).not.toMatch(/\n/);
  return message;
}
