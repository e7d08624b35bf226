/**
 * Vectors in text, one record a row. Opening counts the records in one pass; rows and ids are parsed in a pass of their own
 * when they are asked for. Held are a batch of lines, a block of rows, and the byte offset of each mebibyte of text, from
 * which a later row is reached without parsing those before it.
 */
import { checkDim, type Vectors } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { corrupt } from "../format/corrupt.ts";
import { IdColumnBuilder } from "../id-builder.ts";
import type { Id, IdColumn } from "../ids.ts";
import type { InputFile } from "./input-file.ts";
import { withPath } from "./io-error.ts";
import { type RowRange, rowBlocks } from "./row-blocks.ts";
import type { RowSource, VectorsOptions } from "./row-source.ts";
import { lineBatches, withoutCr } from "./text-lines.ts";

/** How the records of a format are read. What they throw knows no path and no line. */
export interface TextFormat {
  readonly name: "jsonl" | "csv";
  /** Whether a line that begins outside of a quoted cell ends inside of one, and the other way round. */
  turns(line: string): boolean;
  /** Whether the first record names columns. */
  isHeader(record: string): boolean;
  /** The row's elements; what isn't a number is refused by the reader. */
  vector(record: string): ArrayLike<unknown>;
  id(record: string): Id | undefined;
}

interface RecordBatch {
  readonly records: readonly string[];
  /** Line on which each record begins. */
  readonly lines: readonly number[];
  /** Where the lines begin, unless inside of a record. */
  readonly mark: Omit<Mark, "row"> | undefined;
  readonly end: number;
}

/** The first record from byte `begin` on is row `row`, on line `line`. */
interface Mark {
  readonly begin: number;
  readonly line: number;
  readonly row: number;
}

/** Opens the records of a file. @throws EMPTY_INPUT, CORRUPT_FILE, DIM_UNSUPPORTED, UNSUPPORTED_FORMAT, LIMIT_EXCEEDED, ABORTED, IO */
export async function openText(
  file: InputFile,
  format: TextFormat,
  { signal, onScan }: VectorsOptions,
): Promise<RowSource> {
  const marks: Mark[] = [];
  let count = 0;
  let dim = 0;
  let hasIds = false;
  for await (const { records, lines, mark, end } of recordBatches(file, format)) {
    if (signal?.aborted) throw new PithError("ABORTED", "reading was aborted", {}, { cause: signal.reason });
    if (count === 0 && records.length > 0) {
      dim = onLine(lines[0], () => checkDim(format.vector(records[0]).length));
      hasIds = onLine(lines[0], () => format.id(records[0]) !== undefined);
    }
    if (mark) marks.push({ ...mark, row: count });
    count += records.length;
    onScan?.(end, file.size);
  }
  if (count === 0) throw new PithError("EMPTY_INPUT", "expected vectors, got no rows");
  return new TextRows(file, format, { dim, count, hasIds, marks, onScan });
}

/** What the first pass found. */
interface Scan {
  readonly dim: number;
  readonly count: number;
  readonly hasIds: boolean;
  readonly marks: readonly Mark[];
  readonly onScan: VectorsOptions["onScan"];
}

class TextRows implements RowSource {
  readonly path: string;
  readonly format: "jsonl" | "csv";
  readonly dim: number;
  readonly count: number;
  readonly dtype = "f32";
  readonly hasIds: boolean;
  readonly #file: InputFile;
  readonly #text: TextFormat;
  readonly #marks: readonly Mark[];
  readonly #onScan: VectorsOptions["onScan"];

  constructor(file: InputFile, text: TextFormat, found: Scan) {
    this.path = file.path;
    this.format = text.name;
    this.dim = found.dim;
    this.count = found.count;
    this.hasIds = found.hasIds;
    this.#file = file;
    this.#text = text;
    this.#marks = found.marks;
    this.#onScan = found.onScan;
  }

  async *rows(range: RowRange = {}): AsyncGenerator<Vectors, void, undefined> {
    const { dim } = this;
    const mark = this.#markOf(range.start ?? 0);
    const batches = recordBatches(this.#file, this.#text, mark);
    let [batch, at, row] = [undefined as RecordBatch | undefined, 0, mark.row];
    for (const { start, count } of rowBlocks(this.count, dim * 4, range)) {
      const data = new Float32Array(count * dim);
      while (row < start + count) {
        if (batch === undefined || at === batch.records.length) {
          batch = (await batches.next()).value ?? undefined;
          at = 0;
          if (!batch) throw withPath(corrupt("the file became shorter while it was read"), this.path);
          continue;
        }
        if (row >= start) this.#place(batch.records[at], batch.lines[at], data, (row - start) * dim);
        at++;
        row++;
      }
      yield { data, dim, count };
    }
  }

  async ids(): Promise<IdColumn | undefined> {
    if (!this.hasIds) return undefined;
    let builder: IdColumnBuilder | undefined;
    for await (const { records, lines, end } of recordBatches(this.#file, this.#text)) {
      for (const [i, record] of records.entries())
        this.#at(lines[i], () => {
          const id = this.#text.id(record);
          builder ??= new IdColumnBuilder(typeof id === "number" ? "number" : "string");
          if (id === undefined) throw corrupt("expected an id as in the lines before");
          if (typeof id !== builder.type)
            throw corrupt(`expected an id that is a ${builder.type}, as in the lines before`);
          builder.push(id);
        });
      this.#onScan?.(end, this.#file.size);
    }
    return builder?.finish();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #markOf(row: number): Mark {
    return this.#marks.findLast((mark) => mark.row <= row) ?? this.#marks[0];
  }

  #place(record: string, line: number, out: Float32Array, offset: number): void {
    const vector = this.#at(line, () => this.#text.vector(record));
    const { dim } = this;
    if (vector.length !== dim)
      throw this.#bad(
        line,
        new PithError("DIM_MISMATCH", `expected ${dim} numbers as in the first row, got ${vector.length}`, {
          expected: dim,
          actual: vector.length,
        }),
      );
    for (let j = 0; j < dim; j++) {
      const value = vector[j];
      if (typeof value !== "number")
        throw this.#bad(line, corrupt(`expected a number in column ${j}, got ${JSON.stringify(value)}`));
      out[offset + j] = value;
      // A float64 beyond float32 becomes an infinity.
      if (!Number.isFinite(out[offset + j]))
        throw this.#bad(
          line,
          new PithError("NOT_FINITE", `expected finite numbers, got ${value} in column ${j}`, { column: j }),
        );
    }
  }

  #at<T>(line: number, work: () => T): T {
    try {
      return onLine(line, work);
    } catch (error) {
      throw withPath(error, this.path);
    }
  }

  #bad(line: number, error: PithError): unknown {
    return withPath(named(line, error), this.path);
  }
}

/** Records in batches; blank ones are none, and the header is left out. */
async function* recordBatches(
  file: InputFile,
  format: TextFormat,
  from: Mark = { begin: 0, line: 1, row: 0 },
): AsyncGenerator<RecordBatch, void, undefined> {
  let header = from.row === 0;
  // A record that goes on: its lines so far, the number of the first one, and its length.
  let open: { readonly parts: string[]; readonly line: number; length: number } | undefined;
  for await (const { lines, number, begin, end } of lineBatches(file, from.begin, from.line)) {
    const records: string[] = [];
    const starts: number[] = [];
    const mark = open === undefined ? { begin, line: number } : undefined;
    for (const [i, line] of lines.entries()) {
      const turns = format.turns(line);
      if (open ? !turns : turns) {
        open ??= { parts: [], line: number + i, length: 0 };
        open.parts.push(line);
        open.length += line.length + 1;
        if (open.length > MAX_RECORD) break;
        continue;
      }
      const text = withoutCr(open ? [...open.parts, line].join("\n") : line);
      const start = open?.line ?? number + i;
      open = undefined;
      if (text.trim() === "") continue;
      const skipped = header && onLine(start, () => format.isHeader(text));
      header = false;
      if (skipped) continue;
      records.push(text);
      starts.push(start);
    }
    if (open && open.length > MAX_RECORD) break;
    yield { records, lines: starts, mark, end };
  }
  if (open) throw withPath(named(open.line, corrupt("a quoted cell that doesn't end")), file.path);
}

/** Characters of a record that goes over several lines. */
const MAX_RECORD = 16 * 2 ** 20;

function onLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof PithError ? named(line, error) : error;
  }
}

function named(line: number, { code, message, details }: PithError): PithError {
  return new PithError(code, `line ${line}: ${message}`, { ...details, line });
}
