import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A folder of this test file's own, gone at its end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pith-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Temporary files that a writer left in a folder. */
export function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".tmp"));
}
