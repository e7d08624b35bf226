/**
 * SQLite databases by better-sqlite3, loaded when the first one is opened: one process at a time, by a lock that the system lets go when
 * the process ends, whatever ends it.
 */
import { statSync } from "node:fs";
import { isPithError, PithError, quote } from "@pith/codec-core";
import type { Database } from "better-sqlite3";

export type { Database };

/** Added to the `user_version` in a database's first page while a log belongs to it. */
const LOGGED = 0x10000;

const LOG_BYTES = 4 * 2 ** 20;

/** What a database says of itself. */
export interface Stamp {
  readonly application: number;
  readonly version: number;
  /** It isn't whole without its log. */
  readonly logged: boolean;
  /** Its last page ends early. */
  readonly torn: boolean;
}

type Sqlite = typeof import("better-sqlite3");

/** @throws BACKEND_UNAVAILABLE where better-sqlite3 isn't installed, or can't load */
export async function loadSqlite(load: () => Promise<{ default: Sqlite }> = importSqlite): Promise<Sqlite> {
  try {
    return (await load()).default;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === "ERR_MODULE_NOT_FOUND"
        ? "npm install better-sqlite3"
        : `it can't load: ${message.split("\n")[0]}`;
    throw new PithError(
      "BACKEND_UNAVAILABLE",
      `PithVectorStore.open needs better-sqlite3: ${reason}`,
      {},
      { cause },
    );
  }
}

function importSqlite(): Promise<{ default: Sqlite }> {
  return import("better-sqlite3");
}

/**
 * A database that is there, for this process alone: with a write-ahead log that is synced with each commit. `check` sees it before
 * anything is written. The file is opened by SQLite alone: to close it by other means would let this process's locks go.
 * @throws IN_USE, CORRUPT_FILE, IO, and what `check` throws
 */
export function openDatabase(sqlite: Sqlite, path: string, check: (stamp: Stamp) => void): Database {
  let database: Database | undefined;
  try {
    database = new sqlite(path, { fileMustExist: true, timeout: 0 });
    // Before the first access: then the log needs no shared memory, and nobody else gets in.
    database.pragma("locking_mode = EXCLUSIVE");
    const number = (name: string): number => Number(database?.pragma(name, { simple: true }));
    const [application, version] = [number("application_id"), number("user_version")];
    // SQLite takes a last page that was cut for one that ends in zeros.
    const torn = statSync(path).size % number("page_size") > 0;
    check({ application, version: version & ~LOGGED, logged: (version & LOGGED) !== 0, torn });
    database.pragma("trusted_schema = OFF");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("wal_autocheckpoint = 0");
    database.pragma(`journal_size_limit = ${LOG_BYTES / 4}`);
    renewLog(database);
    return database;
  } catch (error) {
    database?.close();
    throw databaseError(error, path);
  }
}

/** The bytes of a new database. */
export function databaseBytes(sqlite: Sqlite, fill: (database: Database) => void): Uint8Array {
  const database = new sqlite(":memory:");
  try {
    database.pragma("auto_vacuum = INCREMENTAL");
    fill(database);
    return database.serialize();
  } finally {
    database.close();
  }
}

/**
 * Merges the log into the database, which then says, in its first page, that a log belongs to it, and begins a new one, which says that
 * none does. So the database alone tells that it lacks its log, until that is merged, by whom ever. The old log's bytes stay until
 * the new one overwrites them: a log without any isn't one that a kill left.
 */
function renewLog(database: Database): void {
  const version = Number(database.pragma("user_version", { simple: true })) & ~LOGGED;
  try {
    database.pragma(`user_version = ${version | LOGGED}`);
    database.pragma("wal_checkpoint(RESTART)");
  } finally {
    database.pragma(`user_version = ${version}`);
  }
}

/**
 * To be called now and then, between transactions: gives pages back that hold nothing, and merges a log that is long. What was
 * committed before is safe whether this goes well or not: where it doesn't, the next call tries again.
 */
export function tidyDatabase(database: Database): void {
  try {
    if (statSync(`${database.name}-wal`).size <= LOG_BYTES) return;
    database.pragma("incremental_vacuum");
    renewLog(database);
  } catch {
    // Whatever is wrong with the disk, the next change meets it, and says so.
  }
}

/** What `work` gives, its errors typed. @throws IN_USE, CORRUPT_FILE, IO, DISPOSED, and PithErrors as they are */
export function withDatabase<T>(database: Database, work: (database: Database) => T): T {
  if (!database.open) throw new PithError("DISPOSED", "the store was closed");
  try {
    return work(database);
  } catch (error) {
    throw databaseError(error, database.name);
  }
}

function databaseError(error: unknown, path: string): unknown {
  if (isPithError(error)) return error;
  const { code, message } = error as { code?: string; message: string };
  if (code === undefined) return error;
  const say = (what: string): string => `${quote(path, 400)}: ${what}`;
  const details = { path, errno: code };
  if (/^SQLITE_(BUSY|LOCKED)/.test(code))
    return new PithError("IN_USE", say("the store is open already, here or in another process"), details, {
      cause: error,
    });
  // An error of SQL means other tables than ours: all statements are fixed.
  if (/^SQLITE_(CORRUPT|NOTADB|ERROR)/.test(code))
    return new PithError("CORRUPT_FILE", say(`no sound SQLite database: ${message}`), details, {
      cause: error,
    });
  return new PithError("IO", say(`SQLite can't go on: ${message.split("\n")[0]}`), details, { cause: error });
}
