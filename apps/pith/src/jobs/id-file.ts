/** Ids from a file: one a line, or JSONL with `_id` or `id`; and judgements from a TSV. */
import { type Id, type IdColumn, IdColumnBuilder, type IdType, PithError } from "@pith/codec-core";
import { readLines, readWholeFile, withPath } from "@pith/codec-core/files";

/** @throws FILE_NOT_FOUND, NOT_A_FILE, UNSUPPORTED_FORMAT (no UTF-8), INVALID_ARGUMENT (with the line) */
export async function readIds(path: string): Promise<IdColumn> {
  let builder: IdColumnBuilder | undefined;
  let jsonl = false;
  let blank: number | undefined;
  for await (const { lines, number } of readLines(path))
    for (const [i, line] of lines.entries()) {
      // A blank line is one too few, unless nothing follows.
      if (blank !== undefined && line !== "") throw badLine(path, blank, "an id, got a blank line");
      if (line.trim() === "") {
        if (line !== "") throw badLine(path, number + i, "an id, got a blank line");
        blank ??= number + i;
        continue;
      }
      if (builder === undefined) jsonl = line.startsWith("{");
      const id = jsonl ? idOfJson(line, path, number + i) : line;
      builder ??= new IdColumnBuilder(typeof id as IdType);
      try {
        builder.push(id);
      } catch {
        throw badLine(path, number + i, `an id that is a ${builder.type} as those before, and well-formed`);
      }
    }
  return (builder ?? new IdColumnBuilder("string")).finish();
}

function idOfJson(line: string, path: string, number: number): Id {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw badLine(path, number, "a JSON object");
  }
  const { _id, id } = (value ?? {}) as { _id?: unknown; id?: unknown };
  const found = _id ?? id;
  if (typeof found === "string" || Number.isSafeInteger(found)) return found as Id;
  throw badLine(path, number, '"_id" or "id" with a string or an integer within 2^53');
}

/** Grades beyond this make gains, 2^grade - 1, that sums can't hold apart. */
const MAX_RELEVANCE = 50;

/**
 * Judgements: "query document relevance" a line, or TREC's "query 0 document relevance", cut at tabs where a line has
 * any; a header line is passed over. Without a relevance a document is relevant; below 0 it counts as 0.
 * @throws FILE_NOT_FOUND, NOT_A_FILE, UNSUPPORTED_FORMAT (no UTF-8), INVALID_ARGUMENT (with the line)
 */
export async function readQrels(path: string): Promise<Map<string, Map<string, number>>> {
  const judgements = new Map<string, Map<string, number>>();
  for (const [i, line] of (await lines(path)).entries()) {
    if (line.trim() === "") continue;
    const cells = line.trim().split(line.includes("\t") ? "\t" : /\s+/);
    const [query, document, relevance] = cells.length === 4 ? [cells[0], cells[2], cells[3]] : cells;
    const value = Number(relevance ?? 1);
    if (i === 0 && Number.isNaN(value)) continue;
    if (document === undefined || !(value <= MAX_RELEVANCE))
      throw badLine(path, i + 1, `query, document and a relevance up to ${MAX_RELEVANCE}`);
    const of = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, of.set(document, Math.max(0, value)));
  }
  return judgements;
}

function badLine(path: string, line: number, expected: string): unknown {
  return withPath(new PithError("INVALID_ARGUMENT", `line ${line}: expected ${expected}`, { line }), path);
}

/** Lines without their ends; blank ones at the end of the file are nothing. */
async function lines(path: string): Promise<string[]> {
  const bytes = await readWholeFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw withPath(new PithError("UNSUPPORTED_FORMAT", "expected text in UTF-8"), path);
  }
  const all = text.split(/\r?\n/);
  while (all.at(-1) === "") all.pop();
  return all;
}
