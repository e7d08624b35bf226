/** The parts of a change, as statements of one transaction. */
import type { Change, KeyedRows } from "./documents.ts";
import type { Database } from "./sqlite.ts";

export function setValue(database: Database, name: string, value: unknown): void {
  database.prepare("INSERT OR REPLACE INTO store (name, value) VALUES (?, ?)").run(name, value);
}

/** @returns how many more rows are pending */
export function removeRows(db: Database, keys: readonly number[]): number {
  const documents = db.prepare("DELETE FROM documents WHERE key = ?");
  const rows = db.prepare("DELETE FROM rows WHERE key = ?");
  const removed = db.prepare("INSERT INTO removed (key) VALUES (?)");
  let pending = 0;
  for (const key of keys) {
    documents.run(key);
    if (rows.run(key).changes > 0) pending--;
    else {
      removed.run(key);
      pending++;
    }
  }
  return pending;
}

export function addRows(db: Database, { add, rows }: Change): number[] {
  const document = db.prepare("INSERT INTO documents (id, metadata, content) VALUES (?, ?, ?)");
  const row = db.prepare("INSERT INTO rows (key, codes, kept) VALUES (?, ?, ?)");
  const bytes = rowBytes(rows, add.length);
  return add.map(({ id, metadata, pageContent }, i) => {
    const key = Number(document.run(id, JSON.stringify(metadata), pageContent).lastInsertRowid);
    row.run(key, ...bytes(i));
    return key;
  });
}

export function writeEncoded(db: Database, { state, stay }: NonNullable<Change["encoded"]>): void {
  const { tensors, ...rest } = state;
  const shapes = Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]);
  setValue(db, "codec", JSON.stringify({ ...rest, tensors: Object.fromEntries(shapes) }));
  for (const [name, { bytes }] of Object.entries(tensors)) setValue(db, `state.${name}`, bytes);
  const row = db.prepare("UPDATE rows SET codes = ?, kept = ? WHERE key = ?");
  const bytes = rowBytes(stay.rows, stay.keys.length);
  stay.keys.forEach((key, i) => {
    row.run(...bytes(i), key);
  });
}

function rowBytes(
  { codes, kept }: KeyedRows["rows"],
  count: number,
): (row: number) => [codes: Uint8Array, kept: Uint8Array | null] {
  const part = (bytes: Uint8Array, row: number): Uint8Array =>
    bytes.subarray((row * bytes.length) / count, ((row + 1) * bytes.length) / count);
  return (row) => [part(codes, row), kept ? part(kept, row) : null];
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
