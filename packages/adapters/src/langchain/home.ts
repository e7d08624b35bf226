/** Where a store lives: in memory, or in a folder (FolderHome). */
import { FlatIndex } from "@pith/codec-core";
import type { DocumentStore } from "./documents.ts";
import { MemoryDocuments } from "./memory-documents.ts";
import type { StoreRows, WorkOptions } from "./rows.ts";

export interface Home {
  readonly documents: DocumentStore;
  /** Whether it is time to compact. */
  isDue(rows: StoreRows): boolean;
  /** Lets go of what removed and replaced rows take. Nobody else changes `rows` meanwhile. @throws IO, ABORTED */
  compact(rows: StoreRows, options: WorkOptions): Promise<void>;
  close(): void;
}

/** Removed rows that are worth the work of making all others anew. */
const FEW_REMOVED = 1024;

export class MemoryHome implements Home {
  readonly documents: MemoryDocuments = new MemoryDocuments();

  isDue(rows: StoreRows): boolean {
    return rows.removed > Math.max(FEW_REMOVED, rows.size);
  }

  async compact(rows: StoreRows): Promise<void> {
    const families = await rows.families();
    rows.replace(FlatIndex.fromBytes(rows.index.toBytes(), families));
  }

  close(): void {
    this.documents.close();
  }
}
