/**
 * Search. In the mode "sidecar" the database finds candidates by its own means, more than are wanted, and their codes, which
 * come with them, decide: scores are those of the codec, whatever the server made of the vectors.
 */
import { type Codes, checkK, checkQuery, type Id, PithError } from "@pith/codec-core";
import type { CollectionPlan, Database, Payload, RemoteIds } from "./database.ts";
import { idOf } from "./point-id.ts";
import type { Retrier } from "./retry.ts";
import { openRows } from "./scroll.ts";

export interface RemoteSearchOptions {
  /** Candidates for each wanted hit, from 1, where codes decide. Default 4. */
  readonly oversample?: number | undefined;
  /** A filter in the database's own form. */
  readonly filter?: unknown;
  /** Bring the caller's fields too. Default true. */
  readonly payloads?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteHit {
  readonly id: Id;
  /** Higher is better: cosine and dot as they are, l2 as minus the squared distance. */
  readonly score: number;
  readonly payload: Payload;
}

const OVERSAMPLE = 4;

export async function searchCollection(
  database: Database,
  plan: CollectionPlan,
  type: RemoteIds,
  retrier: Retrier,
  query: Float32Array,
  k: number,
  { oversample = OVERSAMPLE, filter, payloads = true, signal }: RemoteSearchOptions = {},
): Promise<RemoteHit[]> {
  const { mode, codec, dim, metric } = plan;
  if (mode === "payload")
    throw new PithError(
      "NOT_SUPPORTED",
      'the mode "payload" keeps no vectors to search: pull the codes and search the file',
      {
        mode,
      },
    );
  checkQuery(query, dim);
  checkK(k);
  if (!(oversample >= 1) || !Number.isFinite(oversample))
    throw new PithError("INVALID_OPTION", `oversample: expected a number from 1, got ${String(oversample)}`);
  const hasCodes = mode !== "server";
  // Fewer candidates where the server gives no more; where k itself is beyond that, it says so.
  const most = Math.max(k, database.mostHits ?? Number.POSITIVE_INFINITY);
  const limit = hasCodes ? Math.min(most, Math.ceil(k * oversample)) : k;
  const wanted = { vector: mode === "code-as-vector", payload: payloads };
  const found = await retrier.run(
    () => database.nearest({ vector: query, limit, filter, wanted }, plan),
    signal,
  );
  const points = found.map(({ point }) => point);
  const hit = (at: number, score: number): RemoteHit => {
    return { id: idOf(points[at], type), score, payload: points[at].payload };
  };
  if (points.length === 0) return [];
  if (!hasCodes) return found.slice(0, k).map(({ score }, at) => hit(at, score));
  const { codes } = openRows(database, plan, type, points, false);
  const { slots, scores } = codec
    .scorer(metric)
    .prepare(query)
    .topK(codes as Codes, k);
  return Array.from(slots, (slot, i) => hit(slot, scores[i]));
}
