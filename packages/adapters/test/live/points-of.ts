/** A remote collection as the contract of stores of points sees one. */

import { PithError } from "@pith/codec-core";
import type { PointMatch, PointStore } from "@pith/contract";
import type { RemoteCollection } from "../../src/remote/collection.ts";

export function pointsOf(collection: RemoteCollection): PointStore {
  return {
    add: async (ids, vectors, payloads) => {
      if (payloads.length !== vectors.count) throw new PithError("LENGTH_MISMATCH", "payloads");
      await collection.upsert(ids, { vectors, payloads });
    },
    search: async (query, k) => (await collection.search(query, k)) as unknown as PointMatch[],
    delete: async (ids) => await collection.delete(ids),
    count: async () => await collection.count(),
    getByIds: async (ids) => {
      const { ids: found, payloads } = await collection.fetch(ids, { payloads: true });
      return found.map((id, i) => ({ id: String(id), payload: payloads[i] }));
    },
  };
}
