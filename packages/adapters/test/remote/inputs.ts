/** Collections, rows and clocks for tests of the shared core. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Codec, IdColumn, SplitMix64, type Vectors } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { onTestFinished } from "vitest";
import { type CreateRemoteOptions, RemoteCollection } from "../../src/remote/collection.ts";
import type { RetryOptions } from "../../src/remote/retry.ts";
import type { PushSource } from "../../src/remote/rows.ts";
import type { MemoryDatabase } from "./memory-database.ts";

export const DIM = 6;

export function seeded(count: number, dim: number = DIM, seed: number = 1): Vectors {
  const random = new SplitMix64(seed);
  return { data: Float32Array.from({ length: count * dim }, () => 2 * random.uniform() - 1), dim, count };
}

/** Waits that take no time and are written down. */
export function clock(): { retry: RetryOptions; waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return { retry: { sleep, random: () => 0.5 }, waits };
}

export async function collectionOf(
  database: MemoryDatabase,
  options: Partial<CreateRemoteOptions> = {},
): Promise<RemoteCollection> {
  const codec: Codec = int8.create({ dim: DIM });
  return await RemoteCollection.create(database, { codec, mode: "payload", ...clock(), ...options });
}

/** Rows "d0", "d1", and so on, in blocks of 10. */
export function source(count: number, vectors: Vectors = seeded(count)): PushSource {
  return {
    count,
    ids: IdColumn.from(Array.from({ length: count }, (_, i) => `d${i}`)),
    *blocks(start) {
      for (let at = start; at < count; at += 10) {
        const end = Math.min(count, at + 10);
        yield {
          vectors: {
            data: vectors.data.subarray(at * vectors.dim, end * vectors.dim),
            dim: vectors.dim,
            count: end - at,
          },
        };
      }
    },
  };
}

/** A folder of the test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "pith-remote-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
