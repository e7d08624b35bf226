/** A document store as a store of points: a payload is metadata, and the text is nothing but the id. */
import type { Vectors } from "@pith/codec-core";
import type { DocumentStore, StoredDocument } from "./document-store.ts";
import type { Point, PointStore } from "./point-store.ts";

/** More than any law adds. */
const ALL = 1_000_000;

/** For stores whose vectors have `dim` dims, and which take and keep ids, delete by them, and have `getByIds`. */
export function documentsAsPoints(
  store: DocumentStore,
  scores: "similarity" | "distance",
  dim: number,
): PointStore {
  const point = ({ id, metadata }: StoredDocument): Point => ({ id: id ?? "", payload: metadata });
  const nearest = (query: number[], k: number): Promise<[StoredDocument, number][]> =>
    store.similaritySearchVectorWithScore(query, k);
  return {
    async add(ids, v: Vectors, payloads) {
      const rows = Array.from({ length: v.count }, (_, i) => [
        ...v.data.subarray(i * v.dim, (i + 1) * v.dim),
      ]);
      const documents = rows.map((_, i) => ({
        pageContent: `text of ${ids[i]}`,
        metadata: payloads[i] as Record<string, unknown>,
      }));
      await store.addVectors(rows, documents, { ids: [...ids] });
    },
    async search(query, k) {
      const found = await nearest([...query], k);
      return found.map(([d, score]) => ({ ...point(d), score: scores === "similarity" ? score : -score }));
    },
    async delete(ids) {
      await store.delete!({ ids: [...ids] });
    },
    async count() {
      return (await nearest(Array<number>(dim).fill(1), ALL)).length;
    },
    async getByIds(ids) {
      return (await store.getByIds!([...ids])).map(point);
    },
  };
}
