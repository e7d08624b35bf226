/** All rows of a collection, page by page, every envelope opened and checked. */
import { type Codes, type Id, PithError, quote, type Vectors } from "@pith/codec-core";
import type { CollectionPlan, Database, Payload, PointId, RemoteIds, StoredPoint } from "./database.ts";
import { openCode } from "./envelope.ts";
import { idOf } from "./point-id.ts";
import { abortIf, type Retrier } from "./retry.ts";
import { sealedBytes, sumOf } from "./rows.ts";

export interface ScrollOptions {
  /** Rows of a block, 1 to 10,000. Default 256. */
  readonly batch?: number | undefined;
  /** Bring the vectors too, where the collection has any, as the database keeps them. Default false. */
  readonly vectors?: boolean | undefined;
  /** Bring the caller's fields too. Default false. */
  readonly payloads?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows as they were stored; in the order of the database's ids. */
export interface StoredRows {
  readonly ids: readonly Id[];
  /** Of each its row in the file that it was pushed from; 2^32 - 1 for none. */
  readonly rows: Uint32Array;
  /** Undefined in the mode "server", which keeps none. */
  readonly codes: Codes | undefined;
  readonly vectors: Vectors | undefined;
  readonly payloads: readonly Payload[];
}

/** @throws CORRUPT_CODES, CHECKSUM_MISMATCH and others of `openCode` and `idOf`, and what requests throw */
export async function* scrollRows(
  database: Database,
  plan: CollectionPlan,
  ids: RemoteIds,
  retrier: Retrier,
  { batch = 256, vectors = false, payloads = false, signal }: ScrollOptions = {},
): AsyncGenerator<StoredRows, void, undefined> {
  if (!Number.isSafeInteger(batch) || batch < 1 || batch > 10_000)
    throw new PithError("INVALID_OPTION", `batch: expected an integer from 1 to 10000, got ${String(batch)}`);
  const wanted = { vector: vectors || plan.mode === "code-as-vector", payload: payloads };
  let from: PointId | undefined;
  do {
    abortIf(signal);
    const at = from;
    const page = await retrier.run(() => database.scroll(at, batch, wanted), signal);
    if (page.points.length > 0) yield openRows(database, plan, ids, page.points, vectors);
    if (page.next !== undefined && page.next === from)
      throw new PithError(
        "REMOTE_REFUSED",
        `${database.product} scrolls in a circle at ${quote(String(from))}`,
      );
    from = page.next;
  } while (from !== undefined);
}

/** Rows of points. @throws as `scrollRows` */
export function openRows(
  database: Database,
  plan: CollectionPlan,
  type: RemoteIds,
  points: readonly StoredPoint[],
  withVectors: boolean,
): StoredRows {
  const { codec, mode, dim } = plan;
  const count = points.length;
  const rows = new Uint32Array(count);
  const ids: Id[] = [];
  const hasCodes = mode !== "server";
  const bytes = new Uint8Array(hasCodes ? count * codec.stride : 0);
  const data = new Float32Array(withVectors && mode !== "payload" ? count * dim : 0);
  points.forEach((point, i) => {
    const opened = openCode(point.id, point.envelope, sealedBytes(plan));
    ids.push(idOf(point, type));
    rows[i] = opened.row;
    if (mode === "code-as-vector")
      bytes.set(codeOfVector(database, plan, point, opened.code), i * codec.stride);
    else if (hasCodes) bytes.set(opened.code, i * codec.stride);
    if (data.length > 0) data.set(vectorOf(point, dim), i * dim);
  });
  return {
    ids,
    rows,
    codes: hasCodes ? { bytes, stride: codec.stride, count } : undefined,
    vectors: data.length > 0 ? { data, dim, count } : undefined,
    payloads: points.map(({ payload }) => payload),
  };
}

function codeOfVector(
  database: Database,
  plan: CollectionPlan,
  point: StoredPoint,
  sum: Uint8Array,
): Uint8Array {
  const code = database.codeOf?.(vectorOf(point, plan.dim), plan) ?? new Uint8Array(0);
  if (Buffer.compare(sumOf(code), sum) !== 0)
    throw new PithError(
      "CHECKSUM_MISMATCH",
      `point ${quote(String(point.id))}: its vector isn't the code that was stored`,
      {
        id: point.id,
      },
    );
  return code;
}

function vectorOf({ id, vector }: StoredPoint, dim: number): Float32Array {
  if (vector?.length === dim && vector.every(Number.isFinite)) return vector;
  throw new PithError(
    "CORRUPT_CODES",
    `point ${quote(String(id))}: expected ${dim} finite numbers as its vector, got ${vector?.length ?? "none"}`,
    {
      id,
    },
  );
}
