/**
 * A store as a folder of three files: `store.json` names the other two by the SHA-256 of their bytes, and is written last, so that a
 * kill leaves the old store or the new one. The same store gives the same bytes.
 *
 *     store.json                              settings, counts, names of the others
 *     documents-<16 hex>.jsonl                a document a line: {"id":…,"pageContent":…,"metadata":…}
 *     vectors-<16 hex>.pith.safetensors       a Pith file: codes (or float32 vectors) with the documents' ids, in the same order
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  codecState,
  type EncodedRows,
  IdColumn,
  idsOf,
  type PithContents,
  PithError,
  parsePith,
  quote,
  serializePith,
} from "@pith/codec-core";
import { atomicWriteFile, readWholeFile } from "@pith/codec-core/files";
import { Collection } from "./collection.ts";
import { type DocumentStore, parseFrozen, type StoredDocument } from "./documents.ts";
import { DATABASE, MANIFEST } from "./folder-names.ts";
import { MemoryHome } from "./home.ts";
import type { PithStoreOptions } from "./options.ts";
import { StoreRows } from "./rows.ts";
import { agreedSettings, checkStored, type StoredSettings, storedSettings } from "./stored-settings.ts";

const FORMAT = "pith langchain store";
const VERSION = 1;
const PART = /^(documents|vectors)-[0-9a-f]{16}\.(jsonl|pith\.safetensors)$/;

interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly settings: StoredSettings;
  readonly count: number;
  readonly documents: Part;
  /** Null in a store that never had any. */
  readonly vectors: Part | null;
}

interface Part {
  readonly file: string;
  readonly sha256: string;
}

/** @throws IO, DISPOSED, INVALID_ARGUMENT */
export function saveCollection(collection: Collection, directory: string): Promise<void> {
  return collection.atRest(async ({ documents }) => {
    const { rows, settings } = collection;
    const files = new Map<string, Uint8Array>();
    const part = (kind: "documents" | "vectors", ending: string, bytes: Uint8Array): Part => {
      const sha256 = digest(bytes);
      const file = `${kind}-${sha256.slice(0, 16)}.${ending}`;
      files.set(file, bytes);
      return { file, sha256 };
    };
    const contents = rows && contentsOf(rows, documents);
    const manifest: Manifest = {
      format: FORMAT,
      version: VERSION,
      settings: storedSettings(settings),
      count: documents.size,
      documents: part("documents", "jsonl", contents?.lines ?? new Uint8Array(0)),
      vectors: contents ? part("vectors", "pith.safetensors", contents.vectors) : null,
    };
    await makeFolder(directory);
    if ((await readdir(directory)).includes(DATABASE)) throw opened("save", directory);
    const old = await readManifest(join(directory, MANIFEST)).catch(() => undefined);
    for (const [file, bytes] of files) await atomicWriteFile(join(directory, file), bytes);
    const text = manifestText(manifest);
    await atomicWriteFile(join(directory, MANIFEST), new TextEncoder().encode(text));
    // No others: another process may be saving here, and hasn't named its parts yet.
    for (const part of [old?.documents, old?.vectors])
      if (part && !files.has(part.file)) await unlink(join(directory, part.file)).catch(() => {});
  });
}

/** Documents and vectors in the order of their slots. */
function contentsOf(rows: StoreRows, documents: DocumentStore): { lines: Uint8Array; vectors: Uint8Array } {
  const index = parsePith(rows.index.toBytes());
  const keys = (idsOf(index)?.toArray() ?? []) as number[];
  const stored = documents.get(keys) as StoredDocument[];
  const lines = stored.map(
    ({ id, pageContent, metadata }) => `${JSON.stringify({ id, pageContent, metadata })}\n`,
  );
  const { ids: _, codes, ...others } = index.tensors;
  const { codec, ...info } = index;
  const ids = IdColumn.from(
    stored.map(({ id }) => id),
    "string",
  ).tensors();
  const contents: PithContents = rows.codec
    ? { ...index, idType: "string", tensors: { ...others, codes, ...ids } }
    : {
        ...info,
        kind: "vectors",
        idType: "string",
        tensors: { vectors: { dtype: "F32", shape: [index.count, index.dim], bytes: codes.bytes }, ...ids },
      };
  return { lines: new TextEncoder().encode(lines.join("")), vectors: serializePith(contents) };
}

/** @throws FILE_NOT_FOUND, CORRUPT_FILE, CHECKSUM_MISMATCH, CODEC_MISMATCH, INVALID_OPTION, VERSION_UNSUPPORTED, IO */
export async function loadCollection(directory: string, options: PithStoreOptions): Promise<Collection> {
  const manifest = await readManifest(join(directory, MANIFEST)).catch(async (error: unknown) => {
    const names: string[] = await readdir(directory).catch(() => []);
    throw names.includes(DATABASE) ? opened("load", directory) : error;
  });
  const settings = agreedSettings(manifest.settings, options);
  const home = new MemoryHome();
  const documents = readDocuments(await readPart(directory, manifest.documents), directory);
  if (!manifest.vectors) return new Collection(settings, home);
  const contents = parsePith(await readPart(directory, manifest.vectors));
  const ids = idsOf(contents);
  ids?.checkUnique();
  const fits =
    contents.metric === settings.metric &&
    documents.length === manifest.count &&
    documents.length === ids?.length &&
    documents.every(({ id }, row) => id === ids.at(row));
  if (!fits) throw corrupt("documents and vectors don't belong together", directory);
  const rows = await rowsOf(contents, settings);
  const encoded = encodedRows(contents);
  rows.codec?.verifyCodes?.({ bytes: encoded.codes, stride: rows.codec.stride, count: contents.count });
  const keys = home.documents.commit({ dim: contents.dim, remove: [], add: documents, rows: encoded });
  rows.load(keys, encoded);
  return new Collection(settings, home, rows);
}

function rowsOf(contents: PithContents, settings: Collection["settings"]): Promise<StoreRows> {
  return contents.kind === "vectors"
    ? StoreRows.create(settings, contents.dim)
    : StoreRows.restore(settings, codecState(contents));
}

function encodedRows({ kind, tensors }: PithContents): EncodedRows {
  if (kind === "vectors") return { codes: tensors["vectors"].bytes };
  return { codes: tensors["codes"].bytes, kept: (tensors["vectors"] ?? tensors["rescore.codes"])?.bytes };
}

function readDocuments(bytes: Uint8Array, directory: string): StoredDocument[] {
  try {
    const lines = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\n");
    return lines.slice(0, -1).map((line) => {
      const { id, pageContent, metadata } = parseFrozen(line) as Partial<StoredDocument>;
      if (
        typeof id !== "string" ||
        typeof pageContent !== "string" ||
        !metadata ||
        typeof metadata !== "object"
      )
        throw new TypeError("a line that is no document");
      return { id, pageContent, metadata };
    });
  } catch (cause) {
    throw new PithError(
      "CORRUPT_FILE",
      `${quote(directory)}: documents: ${(cause as Error).message}`,
      {},
      { cause },
    );
  }
}

/** With a checksum of its own; any other spelling is refused. */
function manifestText(manifest: Partial<Manifest>): string {
  const signed = { ...manifest, sha256: digest(JSON.stringify(manifest)) };
  return `${JSON.stringify(signed, null, 2)}\n`;
}

async function readManifest(path: string): Promise<Manifest> {
  const text = new TextDecoder().decode(await readWholeFile(path));
  let manifest: Partial<Manifest>;
  try {
    const { sha256: _, ...rest } = JSON.parse(text) as Partial<Manifest> & { sha256?: unknown };
    manifest = rest;
  } catch {
    throw corrupt("not JSON", path);
  }
  if (manifest.format !== FORMAT) throw corrupt(`not a ${FORMAT}`, path);
  const { version, settings, count, documents, vectors } = manifest;
  if (version !== VERSION)
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `${quote(path)}: version ${version}, this package reads ${VERSION}`,
      {
        expected: VERSION,
        actual: version,
      },
    );
  if (text !== manifestText(manifest)) throw corrupt("not as it was written", path);
  if (!Number.isSafeInteger(count) || !isPart(documents) || (vectors !== null && !isPart(vectors)))
    throw corrupt("not as any version writes it", path);
  return { ...(manifest as Manifest), settings: checkStored(settings) };
}

function isPart(part: Part | null | undefined): boolean {
  return PART.test(part?.file ?? "") && typeof part?.sha256 === "string";
}

function digest(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** @throws FILE_NOT_FOUND, CHECKSUM_MISMATCH, IO */
async function readPart(directory: string, { file, sha256 }: Part): Promise<Uint8Array> {
  const path = join(directory, file);
  const bytes = await readWholeFile(path);
  const actual = digest(bytes);
  if (actual === sha256) return bytes;
  throw new PithError(
    "CHECKSUM_MISMATCH",
    `${quote(path)}: its bytes aren't those that the store was saved with`,
    {
      path,
      expected: sha256,
      actual,
    },
  );
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PithError(
      "IO",
      `can't make the folder ${quote(directory)}: ${code}`,
      { path: directory },
      { cause },
    );
  }
}

function opened(what: "save" | "load", path: string): PithError {
  return new PithError(
    "INVALID_ARGUMENT",
    `${what}: ${quote(path)} is the folder of a store that is opened`,
    { path },
  );
}

function corrupt(reason: string, path: string): PithError {
  return new PithError("CORRUPT_FILE", `${quote(path)}: ${reason}`, { path });
}
