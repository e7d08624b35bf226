/**
 * The files of a store in a folder:
 *
 *     store.sqlite                             documents, settings, and rows that came since the last compaction
 *     store.sqlite-wal                         SQLite's log, while the store is open or after a kill
 *     codes-<16 hex>.pith.safetensors          all other rows: a Pith file whose ids are the keys of documents
 *
 * The transaction that names a segment in store.sqlite is what makes it part of the store; a segment that isn't named is what a
 * kill left behind. A database tells by its first page whether a log belongs to it (sqlite.ts): a store that was copied without
 * its log is refused instead of being opened as it once was.
 */
import { createHash, randomBytes } from "node:crypto";
import { linkSync } from "node:fs";
import { mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PithError, quote } from "@pith/codec-core";
import { atomicWriteFile } from "@pith/codec-core/files";
import { DATABASE, MANIFEST } from "./folder-names.ts";
import type { Stamp } from "./sqlite.ts";

const LOG = `${DATABASE}-wal`;
const SEGMENT = /^codes-[0-9a-f]{16}\.pith\.safetensors$/;
/** What a kill leaves of a file that was being written. */
const UNFINISHED =
  /^\.(codes-[0-9a-f]{16}\.pith\.safetensors|store\.sqlite\.[0-9a-f]{16})\.|^store\.sqlite\.[0-9a-f]{16}$/;

/** "Pith", as SQLite's application_id. */
export const APPLICATION = 0x50697468;
export const VERSION = 1;

export function segmentName(): string {
  return `codes-${randomBytes(8).toString("hex")}.pith.safetensors`;
}

/** SHA-256 of a Pith file's header, in which the checksums of all its tensors stand. */
export async function headerDigest(path: string): Promise<string> {
  const file = await open(path);
  try {
    const prefix = await readAt(file, 0, 8);
    const length = Math.min(Number(prefix.readBigUInt64LE(0)), (await file.stat()).size);
    return createHash("sha256")
      .update(await readAt(file, 8, length))
      .digest("hex");
  } finally {
    await file.close();
  }
}

/** What is known of a folder by the names in it. */
export interface FolderContents {
  readonly database: boolean;
  /** A log with something in it. */
  readonly log: boolean;
}

/** Makes the folder if there's none. @throws CORRUPT_FILE, INVALID_ARGUMENT, IO */
export async function folderContents(folder: string): Promise<FolderContents> {
  const names = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw ioError(error, folder);
    });
  const where = quote(folder, 400);
  if (names.includes(MANIFEST))
    throw new PithError("INVALID_ARGUMENT", `${where}: this store was written by save: use load`, {
      path: folder,
    });
  const database = names.includes(DATABASE);
  const rest = names.find((name) => SEGMENT.test(name) || name === LOG);
  if (!database && rest !== undefined)
    throw corrupt(`${where}: there is ${rest}, but no ${DATABASE}`, folder);
  const { size } = await stat(join(folder, LOG)).catch(() => ({ size: 0 }));
  return { database, log: size > 0 };
}

/** That a database is a store's, of this version, with the log that belongs to it. @throws CORRUPT_FILE, VERSION_UNSUPPORTED */
export function checkStamp(
  folder: string,
  { application, version, logged, torn }: Stamp,
  hasLog: boolean,
): void {
  const where = quote(join(folder, DATABASE), 400);
  if (application !== APPLICATION) throw corrupt(`${where}: not the database of a store`, folder);
  if (version > VERSION)
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `${where}: version ${version}, this package reads ${VERSION}`,
      {
        expected: VERSION,
        actual: version,
      },
    );
  if (logged && !hasLog)
    throw corrupt(
      `${where}: ${LOG} is missing, and with it what was written last; withoutLog: true opens what is left`,
      folder,
    );
  if (torn && !hasLog) throw corrupt(`${where}: cut in its last page`, folder);
}

/** Puts a new database in its place, unless another process did so first. @throws IN_USE, IO */
export async function createDatabase(folder: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, DATABASE);
  const temporary = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await atomicWriteFile(temporary, bytes);
    // Unlike a rename, a link doesn't take the place of another file.
    linkSync(temporary, path);
    await unlink(temporary);
    const opened = await open(folder);
    await opened.sync().finally(() => opened.close());
  } catch (error) {
    await unlink(temporary).catch(() => {});
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new PithError("IN_USE", `${quote(path, 400)}: another process makes this store`, { path });
    throw ioError(error, path);
  }
}

/** Removes what no store needs: segments but the one that is named, and what kills left. For the one who holds the lock. */
export async function cleanFolder(folder: string, segment: string | undefined): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => []))
    if ((SEGMENT.test(name) && name !== segment) || UNFINISHED.test(name))
      // One that can't be removed now, since it is open on a system that minds, is removed the next time.
      await unlink(join(folder, name)).catch(() => {});
}

/**
 * The path of a segment. @throws CORRUPT_FILE unless it is there, whole as far as its header tells, and the very one that was
 * written
 */
export async function segmentPath(folder: string, file: string, sha256: string): Promise<string> {
  if (!SEGMENT.test(file)) throw corrupt(`${quote(folder, 400)}: ${quote(file)} is no segment`, folder);
  const path = join(folder, file);
  const actual = await headerDigest(path).catch((cause) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw corrupt(
      `${quote(path, 400)}: ${code === "ENOENT" ? "missing" : `can't be read: ${code}`}`,
      path,
      cause,
    );
  });
  if (actual !== sha256) throw corrupt(`${quote(path, 400)}: not the segment that the store wrote`, path);
  return path;
}

async function readAt(
  file: Awaited<ReturnType<typeof open>>,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, position);
  return bytes;
}

export function corrupt(reason: string, path: string, cause?: unknown): PithError {
  return new PithError("CORRUPT_FILE", reason, { path }, { cause });
}

function ioError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof PithError || code === undefined) return error;
  return new PithError("IO", `${quote(path, 400)}: ${code}`, { path, errno: code }, { cause: error });
}
