/**
 * Lines of a text file in batches: as many as a read of a mebibyte brings, so that memory holds a batch, whatever the file's
 * size. A line ends with LF; a CR before it is left to the caller. The text is UTF-8, with or without a byte order mark.
 */
import { PithError } from "../errors.ts";
import { InputFile } from "./input-file.ts";
import { withPath } from "./io-error.ts";

/** Lines that stand together in a file, without their LF. */
export interface LineBatch {
  readonly lines: readonly string[];
  /** Number of the first one, from 1. */
  readonly number: number;
  /** Bytes of the file before the first line, and after the last one. */
  readonly begin: number;
  readonly end: number;
}

const CHUNK_BYTES = 2 ** 20;
/** 65,536 floats of 25 characters take 1.6 MiB; the rest is room for text beside them. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const LF = 0x0a;

/** Lines from byte `begin` on, which is the start of line `number`. @throws UNSUPPORTED_FORMAT (no UTF-8), LIMIT_EXCEEDED, IO */
export async function* lineBatches(
  file: InputFile,
  begin: number = 0,
  number: number = 1,
): AsyncGenerator<LineBatch, void, undefined> {
  for (let [at, line] = [begin, number]; at < file.size; ) {
    const bytes = await wholeLines(file, at, line);
    const lines = split(decode(bytes, file.path, line), at === 0);
    yield { lines, number: line, begin: at, end: at + bytes.length };
    at += bytes.length;
    line += lines.length;
  }
}

/**
 * The lines of a text file, in batches, without their LF or CR LF.
 * @throws FILE_NOT_FOUND, NOT_A_FILE, UNSUPPORTED_FORMAT (no UTF-8), LIMIT_EXCEEDED (a line of more than 16 MiB), IO
 */
export async function* readLines(path: string): AsyncGenerator<LineBatch, void, undefined> {
  await using file = await InputFile.open(path);
  for await (const batch of lineBatches(file)) yield { ...batch, lines: batch.lines.map(withoutCr) };
}

/** Bytes from `at` on that end with a line, or with the file. */
async function wholeLines(file: InputFile, at: number, line: number): Promise<Uint8Array> {
  for (let want = CHUNK_BYTES; ; want *= 2) {
    const bytes = await file.read(at, Math.min(want, file.size - at));
    if (at + bytes.length === file.size) return bytes;
    const end = bytes.lastIndexOf(LF);
    if (end >= 0) return bytes.subarray(0, end + 1);
    if (want >= MAX_LINE_BYTES)
      throw withPath(
        new PithError("LIMIT_EXCEEDED", `line ${line}: longer than ${MAX_LINE_BYTES} bytes`, {
          line,
          limit: MAX_LINE_BYTES,
        }),
        file.path,
      );
  }
}

function decode(bytes: Uint8Array, path: string, line: number): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(bytes);
  } catch {
    let [at, bad] = [0, line];
    for (; ; bad++) {
      const end = bytes.indexOf(LF, at) + 1 || bytes.length;
      try {
        decoder.decode(bytes.subarray(at, end));
      } catch {
        break;
      }
      at = end;
    }
    throw withPath(
      new PithError("UNSUPPORTED_FORMAT", `line ${bad}: expected text in UTF-8`, { line: bad }),
      path,
    );
  }
}

function split(text: string, first: boolean): string[] {
  const lines = (first && text.startsWith("\ufeff") ? text.slice(1) : text).split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

/** A line without the CR of an end of CR LF. */
export function withoutCr(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
