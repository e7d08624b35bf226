/**
 * The files of a store in a folder:
 *
 *     store.sqlite                             documents, settings, and rows that came since the last compaction
 *     store.sqlite-wal                         SQLite's log, while the store is open or after a kill
 *     codes-<16 hex>.pith.safetensors          all other rows: a Pith file whose ids are the keys of documents
 *
 * The transaction that names a segment in store.sqlite is what makes it part of the store; a segment that isn't named is what a
 * kill left behind. The database's `user_version` stands at a fixed place in its first page, which tells, without opening it, whether
 * the log belongs to it: a store that was copied without its log is refused instead of being opened as it once was.
 */
import { createHash, randomBytes } from "node:crypto";
import { linkSync } from "node:fs";
import { mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PithError, quote } from "@pith/codec-core";
import { atomicWriteFile } from "@pith/codec-core/files";
import { DATABASE, MANIFEST } from "./folder-names.ts";
import { LOGGED } from "./sqlite.ts";

const LOG = `${DATABASE}-wal`;
const SEGMENT = /^codes-[0-9a-f]{16}\.pith\.safetensors$/;
/** What a kill leaves of a file that was being written. */
const UNFINISHED =
  /^\.(codes-[0-9a-f]{16}\.pith\.safetensors|store\.sqlite\.[0-9a-f]{16})\.|^store\.sqlite\.[0-9a-f]{16}$/;

/** "Pith", as SQLite's application_id. */
export const APPLICATION = 0x50697468;
export const VERSION = 1;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

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

/** Whether the folder holds a store. Makes the folder if there's none. @throws CORRUPT_FILE, INVALID_ARGUMENT, VERSION_UNSUPPORTED, IO */
export async function holdsStore(folder: string, withoutLog: boolean): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    const where = (reason: string): string => `${quote(folder, 400)}: ${reason}`;
    if (names.includes(MANIFEST))
      throw new PithError("INVALID_ARGUMENT", where("this store was written by save: use load"), {
        path: folder,
      });
    if (!names.includes(DATABASE)) {
      const rest = names.find((name) => SEGMENT.test(name) || name === LOG);
      if (rest !== undefined) throw corrupt(where(`there is ${rest}, but no ${DATABASE}`), folder);
      return false;
    }
    const version = await storeVersion(join(folder, DATABASE));
    if ((version & LOGGED) !== 0 && !names.includes(LOG) && !withoutLog)
      throw corrupt(
        where(`${LOG} is missing, and with it what was written last; withoutLog: true opens what is left`),
        folder,
      );
    return true;
  } catch (error) {
    throw ioError(error, folder);
  }
}

/** @throws CORRUPT_FILE, VERSION_UNSUPPORTED */
async function storeVersion(path: string): Promise<number> {
  const file = await open(path);
  try {
    const header = await readAt(file, 0, HEADER_BYTES);
    if (header.toString("latin1", 0, MAGIC.length) !== MAGIC || header.readUInt32BE(68) !== APPLICATION)
      throw corrupt(`${quote(path, 400)}: not the database of a store`, path);
    const version = header.readUInt32BE(60);
    if ((version & ~LOGGED) > VERSION)
      throw new PithError(
        "VERSION_UNSUPPORTED",
        `${quote(path, 400)}: newer than this package, which reads ${VERSION}`,
        {
          expected: VERSION,
          actual: version & ~LOGGED,
        },
      );
    return version;
  } finally {
    await file.close();
  }
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
  for (const name of await readdir(folder))
    if ((SEGMENT.test(name) && name !== segment) || UNFINISHED.test(name))
      // One that can't be removed now, since it is open on a system that minds, is removed the next time.
      await unlink(join(folder, name)).catch(() => {});
}

/** @throws CORRUPT_FILE unless the segment is there, whole as far as its header tells, and the very one that was written */
export async function checkSegment(path: string, sha256: string): Promise<void> {
  const actual = await headerDigest(path).catch((cause) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw corrupt(
      `${quote(path, 400)}: ${code === "ENOENT" ? "missing" : `can't be read: ${code}`}`,
      path,
      cause,
    );
  });
  if (actual !== sha256) throw corrupt(`${quote(path, 400)}: not the segment that the store wrote`, path);
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
