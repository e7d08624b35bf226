/** Data of the tests: seeded normal rows, real embeddings where PITH_DATA tells of them, and the code of an error. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPithError, SplitMix64, type Vectors } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";

export function gaussian(count: number, dim: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * dim }, () => random.gaussian()), dim, count };
}

/** The code of the PithError that an action throws. */
export function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isPithError(error)) return error.code;
    throw error;
  }
  return "no error";
}

export type DataSet = "scifact" | "debian";

/** Whether the data set is there; says so where it isn't. */
export function isThere(name: DataSet): boolean {
  const data = process.env["PITH_DATA"];
  if (data !== undefined && existsSync(join(data, name))) return true;
  console.warn(`skipped: spectral-dft on ${name} (set PITH_DATA; tools/datasets tells how to make the data)`);
  return false;
}

/** The corpus (of debian the first 20,000 rows) and the queries (of debian the first 500). */
export async function embeddings(name: DataSet): Promise<{ corpus: Vectors; queries: Vectors }> {
  const corpus = name === "debian" ? "corpus.f16.npy" : "corpus.f32.npy";
  return { corpus: await read(name, corpus, 20_000), queries: await read(name, "queries.f32.npy", 500) };
}

async function read(name: DataSet, file: string, most: number): Promise<Vectors> {
  await using source = await openVectors(join(process.env["PITH_DATA"] as string, name, file));
  for await (const rows of source.rows({ blockRows: Math.min(source.count, most) })) return rows;
  throw new Error(`${file} has no rows`);
}
