/**
 * Search. In the mode "sidecar" the database finds candidates by its own means, more than are wanted, and their codes, which
 * come with them, decide: scores are those of the codec, whatever the server made of the vectors.
 */
import { checkK, checkQuery, type Id, PithError } from "@pith/codec-core";
import type { CollectionPlan, Database, Payload, RemoteIds } from "./database.ts";
import { openCode } from "./envelope.ts";
import { idOf } from "./point-id.ts";
import type { Retrier } from "./retry.ts";
import { sealedBytes } from "./rows.ts";

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
  const limit = mode === "sidecar" ? Math.ceil(k * oversample) : k;
  const wanted = { vector: false, payload: payloads };
  const found = await retrier.run(
    () => database.nearest({ vector: query, limit, filter, wanted }, plan),
    signal,
  );
  const hit = (at: number, score: number): RemoteHit => {
    const { point } = found[at];
    return { id: idOf(point, type), score, payload: point.payload };
  };
  if (mode !== "sidecar") return found.slice(0, k).map(({ score }, at) => hit(at, score));
  const bytes = new Uint8Array(found.length * codec.stride);
  found.forEach(({ point }, i) => {
    bytes.set(openCode(point.id, point.envelope, sealedBytes(plan)).code, i * codec.stride);
  });
  if (found.length === 0) return [];
  const codes = { bytes, stride: codec.stride, count: found.length };
  const { slots, scores } = codec.scorer(metric).prepare(query).topK(codes, k);
  return Array.from(slots, (slot, i) => hit(slot, scores[i]));
}
