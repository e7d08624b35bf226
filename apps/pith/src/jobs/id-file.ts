/** Ids from a file: one a line, or JSONL with `_id` or `id`; and judgements from a TSV. */
import { type Id, PithError } from "@pith/codec-core";
import { readWholeFile } from "@pith/codec-core/files";

/** @throws FILE_NOT_FOUND, NOT_A_FILE, INVALID_ARGUMENT (with the line) */
export async function readIds(path: string): Promise<Id[]> {
  const all = await lines(path);
  const jsonl = all[0]?.startsWith("{");
  return jsonl ? all.map((line, i) => idOfJson(line, path, i + 1)) : all;
}

function idOfJson(line: string, path: string, number: number): Id {
  const refuse = (): never => {
    throw new PithError(
      "INVALID_ARGUMENT",
      `${path}, line ${number}: expected a JSON object with "_id" or "id"`,
      {
        line: number,
      },
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refuse();
  }
  if (typeof value !== "object" || value === null) return refuse();
  const { _id, id } = value as { _id?: unknown; id?: unknown };
  const found = _id ?? id;
  if (typeof found === "string" || Number.isSafeInteger(found)) return found as Id;
  return refuse();
}

/**
 * Judgements: "query document relevance" a line, or TREC's "query 0 document relevance"; a header line is passed over.
 * @throws FILE_NOT_FOUND, INVALID_ARGUMENT
 */
export async function readQrels(path: string): Promise<Map<string, Map<string, number>>> {
  const judgements = new Map<string, Map<string, number>>();
  for (const [i, line] of (await lines(path)).entries()) {
    const number = i + 1;
    const cells = line.trim().split(/\s+/);
    const [query, document, relevance] = cells.length === 4 ? [cells[0], cells[2], cells[3]] : cells;
    const value = Number(relevance ?? 1);
    if (number === 1 && Number.isNaN(value)) continue;
    if (document === undefined || Number.isNaN(value))
      throw new PithError(
        "INVALID_ARGUMENT",
        `${path}, line ${number}: expected query, document and relevance`,
        {
          line: number,
        },
      );
    const of = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, of.set(document, value));
  }
  return judgements;
}

/** Lines without their ends. A blank line between others is a row without an id; at the end it is nothing. */
async function lines(path: string): Promise<string[]> {
  const bytes = await readWholeFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PithError("UNSUPPORTED_FORMAT", `${path}: expected text in UTF-8`);
  }
  const all = text.replace(/(\r?\n)+$/, "").split(/\r?\n/);
  const blank = all.indexOf("");
  if (blank >= 0 && text !== "")
    throw new PithError("INVALID_ARGUMENT", `${path}, line ${blank + 1}: expected an id, got a blank line`, {
      line: blank + 1,
    });
  return text === "" ? [] : all;
}
