/**
 * JSONL: an object a line, its vector under `vector`, `embedding` or `values`, its id, if it has one, under `id` or `_id`. Other
 * members are passed over. What is written has `id`, where there are ids, and `vector`.
 */
import { PithError } from "../errors.ts";
import { corrupt } from "../format/corrupt.ts";
import type { Id } from "../ids.ts";
import { floatText } from "./float-text.ts";
import {
  createMatrixFile,
  type MatrixWriter,
  requireF32,
  textRows,
  type VectorsPlan,
} from "./matrix-writer.ts";
import type { WriteOptions } from "./safe-file.ts";
import type { TextFormat } from "./text-rows.ts";

const VECTOR = ["vector", "embedding", "values"] as const;
const BRACE = 0x7b;

/** Whether a file begins as JSONL: a brace, and text where safetensors has the upper bytes of a length. */
export function isJsonl(prefix: Uint8Array): boolean {
  return prefix[0] === BRACE && prefix.length > 8 && prefix.subarray(0, 8).every((byte) => byte >= 0x09);
}

export const jsonl: TextFormat = {
  name: "jsonl",
  turns: () => false,
  isHeader: () => false,
  vector(record) {
    const object = parse(record);
    const name = VECTOR.find((key) => object[key] !== undefined);
    const vector = name && object[name];
    if (!Array.isArray(vector))
      throw corrupt(`expected an array of numbers as "vector", "embedding" or "values"`);
    return vector;
  },
  id(record) {
    const { id, _id } = parse(record);
    const found = id ?? _id ?? undefined;
    if (found === undefined || typeof found === "string" || Number.isSafeInteger(found))
      return found as Id | undefined;
    throw corrupt('expected "id" or "_id" with a string or an integer within 2^53');
  },
};

/** What JSON can't say and Python's writer does all the same. */
const NOT_FINITE = /[[,:]\s*(NaN|-?Infinity)\s*[\],}]/;

function parse(record: string): { readonly [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch {
    const found = NOT_FINITE.exec(record)?.[1];
    if (found) throw new PithError("NOT_FINITE", `expected finite numbers, got ${found}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as { readonly [key: string]: unknown };
  throw corrupt("expected a JSON object");
}

/** Begins a JSONL file; 64-bit ids are written as strings, for JSON's readers round them. @throws as `createNpyFile` */
export function createJsonlFile(
  path: string,
  { ids, ...plan }: VectorsPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  return createMatrixFile(
    path,
    plan,
    (dtype) => {
      requireF32(dtype, "JSONL");
      return textRows("", (row, at) => {
        const id = ids?.at(at);
        const start =
          id === undefined ? "" : `"id":${JSON.stringify(typeof id === "bigint" ? String(id) : id)},`;
        return `{${start}"vector":[${floatText(row)}]}\n`;
      });
    },
    options,
  );
}
