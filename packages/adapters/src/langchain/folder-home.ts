/** A store in a folder: documents and recent rows in SQLite, all other rows in a segment; one transaction commits both. */
import { join } from "node:path";
import { type ErrorCode, FlatIndex, isPithError, type PithError, quote } from "@pith/codec-core";
import { atomicWriteFile } from "@pith/codec-core/files";
import { planOfName } from "./codecs.ts";
import { Collection } from "./collection.ts";
import {
  APPLICATION,
  checkStamp,
  cleanFolder,
  corrupt,
  createDatabase,
  folderContents,
  headerDigest,
  segmentName,
  segmentPath,
  VERSION,
} from "./folder.ts";
import { DATABASE } from "./folder-names.ts";
import type { Home } from "./home.ts";
import { badOption, type PithOpenOptions, readSettings, type StoreSettings } from "./options.ts";
import { StoreRows, type WorkOptions } from "./rows.ts";
import { type Database, databaseBytes, loadSqlite, openDatabase } from "./sqlite.ts";
import { setValue } from "./sqlite-changes.ts";
import { SCHEMA, SqliteDocuments } from "./sqlite-documents.ts";
import { agreedSettings, checkStored, storedSettings } from "./stored-settings.ts";

const MORE_OPTIONS = ["compactAfter", "withoutLog"];
const COMPACT_AFTER = 4096;
/** What rows of another length, or twice the same ones, give. */
const MISFITS: readonly ErrorCode[] = ["LENGTH_MISMATCH", "DUPLICATE_ID", "INVALID_ARGUMENT"];

export class FolderHome implements Home {
  readonly documents: SqliteDocuments;
  readonly #folder: string;
  readonly #compactAfter: number;

  constructor(folder: string, database: Database, compactAfter: number) {
    this.#folder = folder;
    this.#compactAfter = compactAfter;
    this.documents = new SqliteDocuments(database);
  }

  isDue(rows: StoreRows): boolean {
    const { pending } = this.documents;
    return rows.codec !== undefined && pending >= Math.max(this.#compactAfter, rows.size / 4);
  }

  /** Rows that are float32 still stay in the database: they are few. */
  async compact(rows: StoreRows, { signal }: WorkOptions): Promise<void> {
    if (!rows.codec || this.documents.pending === 0) return;
    const file = segmentName();
    const path = join(this.#folder, file);
    await atomicWriteFile(path, rows.index.toBytes(), { signal });
    const index = await openSegment(path, rows);
    try {
      this.documents.moveTo({ file, count: index.size, sha256: await headerDigest(path) });
    } catch (error) {
      index[Symbol.dispose]();
      throw error;
    }
    rows.replace(index);
    await cleanFolder(this.#folder, file);
  }

  close(): void {
    this.documents.close();
  }

  /** The rows that the folder holds; undefined where there never were any. @throws CORRUPT_FILE, CHECKSUM_MISMATCH, CODEC_MISMATCH, IO */
  async load(settings: StoreSettings): Promise<StoreRows | undefined> {
    const rows = await this.#loadRows(settings).catch((error: unknown) => {
      if (isPithError(error) && !MISFITS.includes(error.code)) throw error;
      throw this.#corrupt(`documents and codes don't belong together: ${(error as Error).message}`, error);
    });
    const keys = this.documents.keys();
    if (keys.length !== (rows?.size ?? 0) || !keys.every((key) => rows?.index.has(key)))
      throw this.#corrupt("documents and codes don't belong together");
    await cleanFolder(this.#folder, this.documents.segment?.file);
    return rows;
  }

  async #loadRows(settings: StoreSettings): Promise<StoreRows | undefined> {
    const { dim, codec, segment } = this.documents;
    if (dim === undefined) return undefined;
    if (codec && codec.dim !== dim)
      throw this.#corrupt(`a codec of dim ${codec.dim} for vectors of dim ${dim}`);
    const rows = await (codec ? StoreRows.restore(settings, codec) : StoreRows.create(settings, dim));
    if (segment) {
      const path = await segmentPath(this.#folder, segment.file, segment.sha256);
      rows.replace(await openSegment(path, rows));
    }
    rows.remove(this.documents.removed());
    const recent = this.documents.rows();
    if (recent.keys.length > 0) rows.load(recent.keys, recent.rows);
    return rows;
  }

  #corrupt(reason: string, cause?: unknown): PithError {
    return corrupt(`${quote(this.#folder, 400)}: ${reason}`, this.#folder, cause);
  }
}

async function openSegment(path: string, rows: StoreRows): Promise<FlatIndex<number>> {
  return await FlatIndex.fromFile<number>(path, await rows.families(), { rescore: "file" });
}

/** @throws as `PithVectorStore.open` */
export async function openCollection(folder: string, options: PithOpenOptions): Promise<Collection> {
  const asked = readSettings(options, MORE_OPTIONS);
  const { compactAfter = COMPACT_AFTER, withoutLog = false } = options;
  if (!(Number.isSafeInteger(compactAfter) && compactAfter >= 1))
    throw badOption("compactAfter", "a number of rows from 1", compactAfter);
  const sqlite = await loadSqlite();
  const { database: there, log } = await folderContents(folder);
  if (!there) {
    await checkCodec(asked);
    await createDatabase(
      folder,
      databaseBytes(sqlite, (db) => fill(db, asked)),
    );
  }
  const database = openDatabase(sqlite, join(folder, DATABASE), (stamp) => {
    checkStamp(folder, withoutLog ? { ...stamp, logged: false } : stamp, log);
  });
  try {
    const home = new FolderHome(folder, database, compactAfter);
    const settings = agreedSettings(checkStored(home.documents.settings), options, MORE_OPTIONS);
    return new Collection(settings, home, await home.load(settings));
  } catch (error) {
    database.close();
    throw error;
  }
}

function fill(database: Database, settings: StoreSettings): void {
  database.exec(SCHEMA);
  setValue(database, "settings", JSON.stringify(storedSettings(settings)));
  database.pragma(`application_id = ${APPLICATION}`);
  database.pragma(`user_version = ${VERSION}`);
}

/** That options are right before they are written down. @throws INVALID_OPTION, UNSUPPORTED_METRIC */
async function checkCodec({ codec, codecOptions, metric }: StoreSettings): Promise<void> {
  if (typeof codec !== "string") return;
  try {
    await planOfName(codec, codecOptions ?? {}, { dim: 1024, metric });
  } catch (error) {
    if (!isPithError(error, "DIM_UNSUPPORTED")) throw error;
  }
}
