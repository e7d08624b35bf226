/**
 * CSV (RFC 4180): the id in the first column, the elements in the others, cells cut at commas and quoted with `"` where they
 * hold one. A first line is taken for a header if its first cell is empty, `id` or `_id`, or if none of the others is a number.
 * Ids are strings. What is written has a header, and row numbers where there are no ids.
 */
import { PithError } from "../errors.ts";
import { corrupt, quote } from "../format/corrupt.ts";
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

export const csv: TextFormat = {
  name: "csv",
  turns: (line) => line.includes('"') && line.split('"').length % 2 === 0,
  isHeader(record) {
    const [id, ...others] = cells(record);
    return /^(_?id)?$/i.test(id.trim()) || (others.length > 0 && !others.some(isNumber));
  },
  vector: (record) => cells(record).slice(1).map(number),
  id: (record) =>
    record.includes('"')
      ? cells(record)[0]
      : record.slice(0, (record.indexOf(",") + 1 || record.length + 1) - 1),
};

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const NOT_FINITE = /^\s*[+-]?(?:nan|inf|infinity)\s*$/i;

function isNumber(cell: string): boolean {
  return NUMBER.test(cell) || NOT_FINITE.test(cell);
}

function number(cell: string, column: number): number {
  const value = Number(cell);
  // `Number` alone takes an empty cell, and hex.
  if (Number.isFinite(value) && NUMBER.test(cell)) return value;
  if (NOT_FINITE.test(cell) || (NUMBER.test(cell) && !Number.isFinite(value)))
    throw new PithError("NOT_FINITE", `expected finite numbers, got ${cell.trim()} in column ${column}`, {
      column,
    });
  throw corrupt(`expected a number in column ${column}, got ${quote(cell)}`, { column });
}

/** @throws CORRUPT_FILE for text beside a quoted cell */
function cells(record: string): string[] {
  if (!record.includes('"')) return record.split(",");
  const out: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let more = true; more; ) {
    const match = cell.exec(record);
    if (!match) throw corrupt(`a quote inside of cell ${out.length}`);
    out.push(match[1]?.replaceAll('""', '"') ?? match[2]);
    more = match[3] === ",";
  }
  return out;
}

/** Begins a CSV file. @throws as `createNpyFile` */
export function createCsvFile(
  path: string,
  { ids, ...plan }: VectorsPlan,
  options: WriteOptions = {},
): Promise<MatrixWriter> {
  const columns = Array.from({ length: plan.dim }, (_, j) => j);
  return createMatrixFile(
    path,
    plan,
    (dtype) => {
      requireF32(dtype, "CSV");
      return textRows(
        `id,${columns.join(",")}\n`,
        (row, at) => `${quoted(String(ids?.at(at) ?? at))},${floatText(row)}\n`,
      );
    },
    options,
  );
}

function quoted(id: string): string {
  return /["\r\n,]/.test(id) || id.trim() !== id ? `"${id.replaceAll('"', '""')}"` : id;
}
