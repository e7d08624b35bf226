/** Data of the tests: seeded rows whose variance falls from component to component, and real embeddings where there are any. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPithError, SplitMix64, unitRows, type Vectors } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";

/**
 * Normal rows around a mean. Component r has the deviation fall^r, along axes at right angles that the seed turns two by
 * two: no element stands for a component of its own.
 */
export function falling(count: number, dim: number, seed: number, fall: number = 0.9): Vectors {
  const random = new SplitMix64(seed);
  const turns = new SplitMix64(999);
  const angles = Float64Array.from({ length: 3 * dim }, () => turns.uniform() * 2 * Math.PI);
  const data = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const row = Float64Array.from({ length: dim }, (_, r) => random.gaussian() * fall ** r);
    for (const [t, angle] of angles.entries()) {
      const [a, b] = [t % dim, (7 * t + 1) % dim];
      if (a === b) continue;
      const [x, y] = [row[a], row[b]];
      row[a] = Math.cos(angle) * x - Math.sin(angle) * y;
      row[b] = Math.sin(angle) * x + Math.cos(angle) * y;
    }
    data.set(
      row.map((x, j) => x + 0.2 * ((j % 5) - 2)),
      i * dim,
    );
  }
  return { data, dim, count };
}

export function codeOf(action: () => unknown): string {
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
  console.warn(`skipped: spectral on ${name} (set PITH_DATA; tools/datasets tells how to make the data)`);
  return false;
}

/** The corpus (of debian the first 20,000 rows) and the queries (of debian the first 500), all of length 1. */
export async function embeddings(name: DataSet): Promise<{ corpus: Vectors; queries: Vectors }> {
  const corpus = name === "debian" ? "corpus.f16.npy" : "corpus.f32.npy";
  return { corpus: await read(name, corpus, 20_000), queries: await read(name, "queries.f32.npy", 500) };
}

async function read(name: DataSet, file: string, most: number): Promise<Vectors> {
  await using source = await openVectors(join(process.env["PITH_DATA"] as string, name, file));
  for await (const rows of source.rows({ blockRows: Math.min(source.count, most) }))
    return { ...rows, data: unitRows(rows.data, rows.dim) };
  throw new Error(`${file} has no rows`);
}
