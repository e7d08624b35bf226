/** Makers of stores for the contract: in memory, and in folders that go when they are disposed of. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DocumentEmbeddings, DocumentStoreMaker, StoreFiles, StoreSupports } from "@pith/contract";
import { type PithOpenOptions, type PithStoreOptions, PithVectorStore } from "../../src/langchain/index.ts";

const ROOT = mkdtempSync(join(tmpdir(), "pith-store-contract-"));

/** All folders that makers made. */
export function removeFolders(): void {
  rmSync(ROOT, { recursive: true, force: true });
}

function newFolder(): string {
  return mkdtempSync(join(ROOT, "store-"));
}

function read(folder: string): StoreFiles {
  return new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

function write(files: StoreFiles): string {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** All that a PithVectorStore can do; exact while vectors are float32. */
export const all: StoreSupports = {
  metric: "cosine",
  scoreError: 0,
  exact: true,
  zeroVectors: true,
  ids: true,
  getByIds: true,
  delete: true,
  filters: ["function", "object"],
  mmr: true,
  scores: "similarity",
  checks: true,
  saves: "same bytes",
  reopens: false,
};

type Maker = DocumentStoreMaker<PithVectorStore>;

async function savedFiles(store: PithVectorStore): Promise<StoreFiles> {
  const folder = newFolder();
  await store.save(folder);
  const files = read(folder);
  rmSync(folder, { recursive: true });
  return files;
}

/** Saved by `save`, loaded by `load`. */
export function inMemory(options: PithStoreOptions, supports: Partial<StoreSupports> = {}): Maker {
  return {
    supports: { ...all, ...supports },
    create: (embeddings) => new PithVectorStore(embeddings, options),
    save: savedFiles,
    load: async (files, embeddings) => {
      const folder = write(files);
      try {
        return await PithVectorStore.load(folder, embeddings, options);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    dispose: (store) => store.close(),
  };
}

/** In a folder, which stands for its files: what is "saved" is a copy of it while the store is closed. */
export function inFolder(options: PithOpenOptions, supports: Partial<StoreSupports> = {}): Maker {
  const folders = new WeakMap<PithVectorStore, string>();
  const open = async (folder: string, embeddings: DocumentEmbeddings): Promise<PithVectorStore> => {
    const store = await PithVectorStore.open(folder, embeddings, options);
    folders.set(store, folder);
    return store;
  };
  return {
    supports: { ...all, saves: "none", reopens: true, ...supports },
    create: (embeddings) => open(newFolder(), embeddings),
    async reopen(store, embeddings) {
      await store.close();
      return open(folders.get(store)!, embeddings);
    },
    async dispose(store) {
      await store.close();
      rmSync(folders.get(store)!, { recursive: true });
    },
  };
}

export interface Copied {
  readonly files: StoreFiles;
  open(files: StoreFiles): Promise<PithVectorStore>;
}

/** The files of a store in a folder after `fill`, still open or closed, and how to open any such files in another folder. */
export async function copiedFolder(
  embeddings: DocumentEmbeddings,
  options: PithOpenOptions,
  fill: (store: PithVectorStore) => Promise<void>,
  live: boolean,
): Promise<Copied> {
  const folder = newFolder();
  await using store = await PithVectorStore.open(folder, embeddings, options);
  await fill(store);
  if (!live) await store.close();
  return { files: read(folder), open: (files) => PithVectorStore.open(write(files), embeddings, options) };
}
