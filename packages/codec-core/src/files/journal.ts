/**
 * How far a file is that is being written: a text file `.NAME.TAG.resume` beside the temporary file `.NAME.TAG.tmp`. The first
 * line says what the rows are made of and who writes; each later one, how many bytes of each tensor are there and their
 * checksum. A kill in the middle of a line leaves the lines before it. Going on checks those bytes against the checksums, so
 * nothing needs to be synced, and what was lost is noticed.
 */
import { type FileHandle, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PithError } from "../errors.ts";
import { withPath, writeError } from "./io-error.ts";
import { live, temporaryPath } from "./safe-file.ts";

/** What a file is made of, by names for people: input, codec, options. Equal descriptions give equal bytes. */
export type Making = { readonly [what: string]: string };

/** Bytes written of each tensor, and their CRC-32C. */
export type Written = { readonly [tensor: string]: readonly [bytes: number, crc: number] };

/** A file that an earlier run began and didn't finish. */
export interface Unfinished {
  readonly tag: string;
  readonly making: Making;
  readonly written: Written;
  /** The process that writes it, if that one still runs. */
  readonly writer: number | undefined;
}

const FORMAT = 1;

export class Journal {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #keep: boolean;

  private constructor(path: string, handle: FileHandle, keep: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#keep = keep;
    if (!keep) live.add(path);
  }

  /** Begins a journal, or goes on with the one of that tag. @throws IO */
  static async open(
    target: string,
    tag: string,
    making: Making,
    { keep, path: named }: { readonly keep: boolean; readonly path: string },
  ): Promise<Journal> {
    const path = temporaryPath(target, tag, "resume");
    try {
      const handle = await open(path, "a", 0o600);
      const journal = new Journal(path, handle, keep);
      const owner = await ownerOf(process.pid);
      // Ends a line that a kill cut, if there is one.
      await handle.appendFile(
        `\n${JSON.stringify({ pith_resume: FORMAT, target: basename(target), making, owner })}\n`,
      );
      return journal;
    } catch (error) {
      throw writeError(error, named);
    }
  }

  /** @throws IO */
  async append(written: Written): Promise<void> {
    try {
      await this.#handle.appendFile(`${JSON.stringify({ written })}\n`);
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => {});
    if (!this.#keep) await this.remove();
  }

  async remove(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.path).catch(() => {});
    live.delete(this.path);
  }
}

/** The unfinished files of a target. Journals that make no sense are passed over. */
export async function findUnfinished(target: string): Promise<Unfinished[]> {
  const folder = dirname(target);
  const names = await readdir(folder).catch((): string[] => []);
  const found: Unfinished[] = [];
  for (const name of names) {
    const tag = /\.([0-9a-f]{16})\.resume$/.exec(name)?.[1];
    if (!tag || join(folder, name) !== temporaryPath(target, tag, "resume")) continue;
    const state = parse(await readFile(join(folder, name), "utf8").catch(() => ""), basename(target));
    if (!state) continue;
    // A run that was killed after its file was put in place leaves the journal alone: there is nothing to go on with.
    const there = await stat(temporaryPath(target, tag, "tmp")).then(
      () => true,
      () => false,
    );
    const written = there ? state.written : {};
    found.push({ tag, making: state.making, written, writer: await runs(state.owner) });
  }
  return found;
}

/** The unfinished file to go on with: of this making, written by nobody, the longest. @throws INVALID_ARGUMENT, IO */
export async function pickUnfinished(
  target: string,
  making: Making,
  path: string,
): Promise<Unfinished | undefined> {
  const all: Unfinished[] = [];
  for (const one of await findUnfinished(target))
    if (Object.keys(one.written).length > 0) all.push(one);
    else if (one.writer === undefined) await removeUnfinished(target, one);
  const bytes = ({ written }: Unfinished): number =>
    Object.values(written).reduce((sum, [length]) => sum + length, 0);
  const free = all.filter(({ writer }) => writer === undefined).sort((a, b) => bytes(b) - bytes(a));
  const same = free.find((one) => differences(one.making, making).length === 0);
  if (same) return same;
  if (free.length > 0) {
    const other = differences(free[0].making, making);
    const named = other.find((what) => what !== "layout") ?? other[0];
    throw withPath(
      new PithError(
        "INVALID_ARGUMENT",
        `what an earlier run left was made from another ${named} (${free[0].making[named]}, now ${making[named]}); without --resume it begins anew`,
        { expected: free[0].making, actual: making },
      ),
      path,
    );
  }
  if (all.length > 0)
    throw withPath(
      new PithError("IO", `process ${all[0].writer} is writing it`, { pid: all[0].writer }),
      path,
    );
  return undefined;
}

function differences(a: Making, b: Making): string[] {
  return [...new Set([...Object.keys(b), ...Object.keys(a)])].filter((what) => a[what] !== b[what]);
}

/** Removes what a run left that no process goes on with. */
export async function removeUnfinished(target: string, { tag }: Unfinished): Promise<void> {
  for (const ending of ["tmp", "resume"]) await unlink(temporaryPath(target, tag, ending)).catch(() => {});
}

/** A process: its number and, where the system tells, when it began, for numbers come again. */
interface Owner {
  readonly pid: number;
  readonly began: string;
}

function parse(text: string, target: string): { making: Making; owner: Owner; written: Written } | undefined {
  let head: { making: Making; owner: Owner } | undefined;
  let written: Written = {};
  for (const line of text.split("\n")) {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      continue; // blank, or cut by a kill
    }
    const {
      pith_resume: format,
      target: name,
      making,
      owner,
      written: more,
    } = (entry ?? {}) as Record<string, unknown>;
    if (format === FORMAT && name === target && isObject(making) && isObject(owner))
      head = { making: making as Making, owner: owner as unknown as Owner };
    if (isObject(more) && Object.values(more).every(isPair)) written = more as Written;
  }
  return head && { ...head, written };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
}

async function ownerOf(pid: number): Promise<Owner> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The state, then field 22, counted behind the name, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; only its number is left.
  return { pid, began: /^[ZX]/.test(fields[0]) ? "ended" : (fields[19] ?? "") };
}

/** The number of the process, if it is another one than this and still runs. */
async function runs({ pid, began }: Owner): Promise<number | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  const now = await ownerOf(pid);
  return now.began === began && pid !== process.pid ? pid : undefined;
}
