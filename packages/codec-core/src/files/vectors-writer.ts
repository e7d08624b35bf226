/** Vectors into a file of any format that `openVectors` reads. */
import { PithError } from "../errors.ts";
import { rowsToBytes } from "../format/float-rows.ts";
import { createCsvFile } from "./csv.ts";
import { createFvecsFile } from "./fvecs.ts";
import { createJsonlFile } from "./jsonl.ts";
import type { MatrixWriter, VectorsPlan } from "./matrix-writer.ts";
import { createNpyFile } from "./npy-writer.ts";
import { createPithFile } from "./pith-writer.ts";
import type { WriteOptions } from "./safe-file.ts";
import { createSafetensorsFile } from "./safetensors-writer.ts";

export type VectorFormat = "npy" | "safetensors" | "pith" | "fvecs" | "jsonl" | "csv";

export const VECTOR_FORMATS: readonly VectorFormat[] = [
  "npy",
  "safetensors",
  "pith",
  "fvecs",
  "jsonl",
  "csv",
];

/** Formats that hold an id for each row. */
export const ID_FORMATS: readonly VectorFormat[] = ["pith", "jsonl", "csv"];

/** By the end of the name, in any case; undefined where it tells nothing. */
const ENDINGS: readonly (readonly [string, VectorFormat])[] = [
  [".pith.safetensors", "pith"],
  [".pith", "pith"],
  [".safetensors", "safetensors"],
  [".npy", "npy"],
  [".fvecs", "fvecs"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".csv", "csv"],
];

/** The format that a file's name stands for; undefined where its ending is none of theirs. */
export function formatOfName(path: string): VectorFormat | undefined {
  const name = path.toLowerCase();
  return ENDINGS.find(([ending]) => name.endsWith(ending))?.[1];
}

/**
 * Begins a file of vectors. Ids are left out where the format holds none.
 * @throws DIM_UNSUPPORTED, INVALID_ARGUMENT (an unknown format; float16 in one without it), ID_COUNT_MISMATCH, NOT_A_FILE, IO, ABORTED
 */
export async function createVectorsFile(
  path: string,
  format: VectorFormat,
  { ids, ...plan }: VectorsPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  ids?.checkCount(plan.count);
  switch (format) {
    case "npy":
      return await createNpyFile(path, plan, options);
    case "safetensors":
      return await createSafetensorsFile(path, plan, options);
    case "fvecs":
      return await createFvecsFile(path, plan, options);
    case "jsonl":
      return await createJsonlFile(path, { ...plan, ids }, options);
    case "csv":
      return await createCsvFile(path, { ...plan, ids }, options);
    case "pith":
      return await createPithVectors(path, { ...plan, ids }, options);
    default:
      throw new PithError(
        "INVALID_ARGUMENT",
        `expected a format of ${VECTOR_FORMATS.join(", ")}, got ${String(format)}`,
        {
          expected: VECTOR_FORMATS,
          actual: format,
        },
      );
  }
}

async function createPithVectors(
  path: string,
  { ids, dim, count, dtype = "f32" }: VectorsPlan,
  options: WriteOptions,
): Promise<MatrixWriter> {
  const stored = dtype === "f16" ? "F16" : "F32";
  const file = await createPithFile(
    path,
    {
      kind: "vectors",
      dim,
      count,
      ...(ids ? { idType: ids.type } : {}),
      tensors: { ...ids?.tensors(), vectors: { dtype: stored, shape: [count, dim] } },
    },
    options,
  );
  let rows = 0;
  return {
    path,
    async write(v) {
      try {
        if (v.dim !== dim)
          throw new PithError("DIM_MISMATCH", `expected dim ${dim}, got ${v.dim}`, {
            expected: dim,
            actual: v.dim,
          });
        const bytes = rowsToBytes(v, stored, rows);
        rows += v.count;
        await file.write("vectors", bytes);
      } catch (error) {
        await file.abort();
        throw error;
      }
    },
    commit: () => file.commit(),
    abort: () => file.abort(),
    [Symbol.asyncDispose]: () => file.abort(),
  };
}
