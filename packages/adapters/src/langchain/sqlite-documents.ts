/**
 * Documents in SQLite, and beside them what a store needs to know of its rows: those that no segment holds yet, and those of
 * the segment whose documents are gone. A transaction changes all of it or nothing.
 *
 *     documents  key, id, metadata (JSON), content      keys rise and are never given again
 *     rows       key, codes, kept                       rows of documents that the segment doesn't hold
 *     removed    key                                    rows of the segment that don't count any more
 *     store      name, value                            settings, dim, codec, segment
 */
import type { CodecState, Dtype, StateTensor } from "@pith/codec-core";
import type { Change, DocumentStore, KeyedRows, StoredDocument } from "./documents.ts";
import type { Metadata } from "./filter.ts";
import { type Database, tidyDatabase, withDatabase } from "./sqlite.ts";
import { addRows, joined, removeRows, setValue, writeEncoded } from "./sqlite-changes.ts";

export const SCHEMA = `
CREATE TABLE documents (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  metadata TEXT NOT NULL,
  content TEXT NOT NULL
);
CREATE TABLE rows (key INTEGER PRIMARY KEY, codes BLOB NOT NULL, kept BLOB);
CREATE TABLE removed (key INTEGER PRIMARY KEY);
CREATE TABLE store (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
`;

/** The file that holds all rows but those of `rows`. */
export interface Segment {
  readonly file: string;
  readonly count: number;
  /** Of its header, which holds the checksums of all else. */
  readonly sha256: string;
}

/** Documents that a scan reads at once. */
const SCAN = 1024;

interface Row {
  readonly key: number;
  readonly id: string;
  readonly metadata: string;
  readonly content: string;
}

type StoredState = Omit<CodecState, "tensors"> & {
  readonly tensors: { readonly [name: string]: { readonly dtype: Dtype; readonly shape: readonly number[] } };
};

export class SqliteDocuments implements DocumentStore {
  readonly #database: Database;
  #size: number;
  /** Rows that a segment doesn't hold yet, and rows of the segment that don't count. */
  #pending: number;

  #changes = 0;

  constructor(database: Database) {
    this.#database = database;
    const count = (table: string): number =>
      this.#do((db) => db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number);
    this.#size = count("documents");
    this.#pending = count("rows") + count("removed");
  }

  get size(): number {
    this.#do(() => {});
    return this.#size;
  }

  get changes(): number {
    return this.#changes;
  }

  get pending(): number {
    return this.#pending;
  }

  /** As they were written, unchecked; undefined where they aren't there, or aren't JSON. */
  get settings(): unknown {
    try {
      return JSON.parse(String(this.#value("settings")));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  get dim(): number | undefined {
    return this.#value("dim") as number | undefined;
  }

  get segment(): Segment | undefined {
    const text = this.#value("segment") as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as Segment);
  }

  /** Undefined while rows are float32. */
  get codec(): CodecState | undefined {
    const text = this.#value("codec") as string | undefined;
    if (text === undefined) return undefined;
    const state = JSON.parse(text) as StoredState;
    const tensors = Object.entries(state.tensors).map(([name, { dtype, shape }]): [string, StateTensor] => {
      const bytes = new Uint8Array(this.#value(`state.${name}`) as Buffer);
      return [name, { dtype, shape, bytes }];
    });
    return { ...state, tensors: Object.fromEntries(tensors) };
  }

  /** Of all documents, rising. */
  keys(): number[] {
    return this.#do((db) => db.prepare("SELECT key FROM documents ORDER BY key").pluck().all() as number[]);
  }

  removed(): number[] {
    return this.#do((db) => db.prepare("SELECT key FROM removed").pluck().all() as number[]);
  }

  /** The rows that no segment holds, in the order of their keys. */
  rows(): KeyedRows {
    const rows = this.#do((db) =>
      db.prepare("SELECT key, codes, kept FROM rows ORDER BY key").raw().all(),
    ) as [number, Buffer, Buffer | null][];
    const kept = rows.map(([, , bytes]) => bytes).filter((bytes) => bytes !== null);
    return {
      keys: rows.map(([key]) => key),
      rows: {
        codes: joined(rows.map(([, codes]) => codes)),
        ...(kept.length > 0 ? { kept: joined(kept) } : {}),
      },
    };
  }

  keysOf(ids: readonly string[]): Map<string, number> {
    return this.#do((db) => {
      const select = db.prepare("SELECT key FROM documents WHERE id = ?").pluck();
      const found = new Map<string, number>();
      for (const id of ids) {
        const key = select.get(id) as number | undefined;
        if (key !== undefined) found.set(id, key);
      }
      return found;
    });
  }

  get(keys: readonly number[]): (StoredDocument | undefined)[] {
    return this.#do((db) => {
      const select = db.prepare("SELECT key, id, metadata, content FROM documents WHERE key = ?");
      return keys.map((key) => {
        const row = select.get(key) as Row | undefined;
        return row && documentOf(row);
      });
    });
  }

  *scan(): Iterable<readonly [number, StoredDocument]> {
    for (const row of this.#scan<Row>("key, id, metadata, content")) yield [row.key, documentOf(row)];
  }

  *scanMetadata(): Iterable<readonly [number, Metadata]> {
    for (const { key, metadata } of this.#scan<Row>("key, metadata"))
      yield [key, JSON.parse(metadata) as Metadata];
  }

  /** By parts: a statement that is under way keeps all others out, those of a filter too. */
  *#scan<T extends { readonly key: number }>(columns: string): Iterable<T> {
    const sql = `SELECT ${columns} FROM documents WHERE key > ? ORDER BY key LIMIT ${SCAN}`;
    for (let last = -1; ; ) {
      const rows = this.#do((db) => db.prepare(sql).all(last)) as T[];
      yield* rows;
      if (rows.length < SCAN) return;
      last = rows[rows.length - 1].key;
    }
  }

  commit(change: Change): number[] {
    let pending = this.#pending;
    const keys = this.#do((db) =>
      db.transaction(() => {
        pending += removeRows(db, change.remove);
        if (change.encoded) writeEncoded(db, change.encoded);
        const added = addRows(db, change);
        this.#set("dim", change.dim);
        return added;
      })(),
    );
    this.#changes++;
    this.#size += change.add.length - change.remove.length;
    this.#pending = pending + keys.length;
    tidyDatabase(this.#database);
    return keys;
  }

  /** All rows are in this segment from now on. @throws IO; nothing is changed then */
  moveTo(segment: Segment): void {
    this.#do((db) => {
      db.transaction(() => {
        this.#set("segment", JSON.stringify(segment));
        db.exec("DELETE FROM rows; DELETE FROM removed");
      })();
    });
    this.#pending = 0;
    tidyDatabase(this.#database);
  }

  close(): void {
    this.#database.close();
  }

  #value(name: string): unknown {
    return this.#do((db) => db.prepare("SELECT value FROM store WHERE name = ?").pluck().get(name));
  }

  #set(name: string, value: unknown): void {
    setValue(this.#database, name, value);
  }

  #do<T>(work: (database: Database) => T): T {
    return withDatabase(this.#database, work);
  }
}

function documentOf({ id, metadata, content }: Row): StoredDocument {
  return { id, pageContent: content, metadata: JSON.parse(metadata) as Metadata };
}
