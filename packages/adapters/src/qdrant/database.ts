/** A collection of Qdrant, over its REST client. */
import { type Codes, PithError, quote, type Vectors } from "@pith/codec-core";
import type {
  CollectionPlan,
  Database,
  Failure,
  Mode,
  Point,
  PointId,
  RejectedPoint,
  Scroll,
  ServerHit,
  ServerQuery,
  Settings,
  StoredPoint,
  Wanted,
} from "../remote/database.ts";
import { ENVELOPE_FIELD, ORIGINAL_FIELD } from "../remote/envelope.ts";
import { networkFailure, retryAfterMs, serverText, statusFailure } from "../remote/http-failure.ts";
import { MOST_CHARS, PART_CHARS } from "../remote/manifest.ts";
import type { QdrantLike, QdrantPointStruct, QdrantRecord } from "./client.ts";
import {
  chooseSettings,
  collectionBody,
  type QdrantSettings,
  searchParams,
  verifySettings,
} from "./settings.ts";
import { signedOf, unsignedOf, unsignedQuery } from "./shared-scale.ts";

/** The largest finite number of float16. */
const MOST_FLOAT16 = 65_504;
/** Beyond this a number rounds to an infinity in float16. */
const OVERFLOW_FLOAT16 = 65_520;
const MANIFEST_SUFFIX = "_pith";
const MANIFEST_PAGE = 16;
/** Conflict. */
const ALREADY_THERE = 409;
const OURS: readonly string[] = [ENVELOPE_FIELD, ORIGINAL_FIELD];

export class QdrantDatabase implements Database {
  readonly product = "Qdrant";
  readonly modes: readonly Mode[] = ["server", "sidecar", "payload", "code-as-vector"];
  readonly integerIds = true;
  readonly collection: string;
  readonly #client: QdrantLike;
  readonly #settings: QdrantSettings;
  readonly #secrets: readonly string[];
  readonly #manifest: string;

  constructor(
    client: QdrantLike,
    collection: string,
    settings: QdrantSettings = {},
    secrets: readonly string[] = [],
  ) {
    if (typeof collection !== "string" || !/^[^/\\<>:"|?*\0]{1,240}$/.test(collection))
      throw new PithError(
        "INVALID_ARGUMENT",
        'expected the name of a collection: 1 to 240 characters, none of / \\ < > : " | ? *',
      );
    if (collection.endsWith(MANIFEST_SUFFIX))
      throw new PithError("INVALID_ARGUMENT", `names that end in ${MANIFEST_SUFFIX} are those of manifests`);
    this.#client = client;
    this.collection = collection;
    this.#settings = settings;
    this.#secrets = secrets;
    this.#manifest = `${collection}${MANIFEST_SUFFIX}`;
  }

  failure(error: unknown): Failure {
    const { name, message, status, data, headers, retry_after } = (error ?? {}) as {
      name?: unknown;
      message?: unknown;
      status?: unknown;
      data?: { status?: { error?: unknown } };
      headers?: { get?(header: string): string | null };
      retry_after?: unknown;
    };
    // The client's own of a 429; of a date it makes an error of its own, which says no more than that.
    if (name === "QdrantClientResourceExhaustedError" || /^Invalid retryAfter value/.test(String(message)))
      return statusFailure(429, "", retryAfterMs(retry_after));
    if (name === "QdrantClientTimeoutError") return { kind: "unavailable", text: "no answer in time" };
    if (typeof status === "number")
      return statusFailure(
        status,
        serverText(data?.status?.error ?? "", this.#secrets),
        retryAfterMs(headers?.get?.("retry-after")),
      );
    return (
      networkFailure(error) ?? { kind: "refused", text: serverText(message ?? String(error), this.#secrets) }
    );
  }

  async loadManifest(): Promise<readonly string[] | undefined> {
    if (!(await this.#client.collectionExists(this.#manifest)).exists) return undefined;
    const parts = new Map<unknown, unknown>();
    let chars = 0;
    let offset: unknown;
    do {
      const page = await this.#client.scroll(this.#manifest, {
        limit: MANIFEST_PAGE,
        with_payload: true,
        with_vector: false,
        ...(offset === undefined ? {} : { offset }),
      });
      for (const { id, payload } of page.points) {
        const part = payload?.["part"];
        parts.set(id, part);
        chars += typeof part === "string" ? part.length : 0;
      }
      offset = page.next_page_offset ?? undefined;
    } while (offset !== undefined && chars <= MOST_CHARS && parts.size <= MOST_CHARS / PART_CHARS);
    // A part that is missing, or none of ours, is the reader's to refuse.
    return Array.from({ length: parts.size }, (_, i) => parts.get(i) as string);
  }

  async saveManifest(parts: readonly string[]): Promise<void> {
    if ((await this.#client.collectionExists(this.#manifest)).exists) {
      await this.#checkReplaceable();
      await this.#client.deleteCollection(this.#manifest);
    }
    await this.#client.createCollection(this.#manifest, { vectors: {} }).catch((error: unknown) => {
      // An earlier attempt, given up as too slow, was still at it; what follows is the same for both.
      if ((error as { status?: unknown }).status !== ALREADY_THERE) throw error;
    });
    for (const [id, part] of parts.entries()) {
      const point = { id, vector: {}, payload: { part } };
      completed(await this.#client.upsert(this.#manifest, { wait: true, points: [point] }));
    }
  }

  /** Someone's collection that happens to have the manifest's name isn't deleted. */
  async #checkReplaceable(): Promise<void> {
    const { config } = await this.#client.getCollection(this.#manifest);
    const { params } = config as { params?: { vectors?: object | null } };
    const { points } = await this.#client.scroll(this.#manifest, { limit: 1, with_payload: true });
    const ours = points.every(({ id, payload }) => id === 0 && typeof payload?.["part"] === "string");
    if (ours && Object.keys(params?.vectors ?? {}).length === 0) return;
    throw new PithError(
      "COLLECTION_MISMATCH",
      `Qdrant: the collection ${quote(this.#manifest)} is none of Pith's, and in the way of the manifest of ${quote(this.collection)}`,
      { collection: this.#manifest },
    );
  }

  choose(plan: Omit<CollectionPlan, "native">): Settings {
    return chooseSettings(plan, this.#settings);
  }

  async exists(): Promise<boolean> {
    return (await this.#client.collectionExists(this.collection)).exists;
  }

  async create(plan: CollectionPlan): Promise<void> {
    await this.#client.createCollection(this.collection, collectionBody(plan));
  }

  async verify(plan: CollectionPlan): Promise<Settings> {
    return verifySettings(this.collection, plan, (await this.#client.getCollection(this.collection)).config);
  }

  /** The vectors first: a manifest without them is nothing, they without it can't be read. */
  async drop(): Promise<void> {
    for (const name of [this.collection, this.#manifest])
      if ((await this.#client.collectionExists(name)).exists) await this.#client.deleteCollection(name);
  }

  checkVectors({ data, dim }: Vectors, { native }: CollectionPlan): void {
    if (native["datatype"] !== "float16") return;
    const at = data.findIndex((x) => Math.abs(x) >= OVERFLOW_FLOAT16);
    if (at < 0) return;
    const [row, column] = [Math.floor(at / dim), at % dim];
    throw new PithError(
      "NOT_SUPPORTED",
      `${data[at]} in row ${row}, column ${column} is beyond float16 (${MOST_FLOAT16}): use the datatype float32`,
      {
        row,
        column,
      },
    );
  }

  vectorsOf(codes: Codes, { mode, dim }: CollectionPlan): Vectors | undefined {
    return mode === "code-as-vector" ? { data: unsignedOf(codes.bytes), dim, count: codes.count } : undefined;
  }

  codeOf(vector: Float32Array): Uint8Array {
    return signedOf(vector);
  }

  async upsert(points: readonly Point[]): Promise<readonly RejectedPoint[]> {
    const structs = points.map(
      ({ id, envelope, original, vector, payload }): QdrantPointStruct => ({
        id,
        vector: vector ? Array.from(vector) : {},
        payload: {
          ...payload,
          [ENVELOPE_FIELD]: envelope,
          ...(original === undefined ? {} : { [ORIGINAL_FIELD]: original }),
        },
      }),
    );
    completed(await this.#client.upsert(this.collection, { wait: true, points: structs }));
    return [];
  }

  async fetch(ids: readonly PointId[], wanted: Wanted): Promise<readonly StoredPoint[]> {
    const found = await this.#client.retrieve(this.collection, { ids: [...ids], ...selectors(wanted) });
    return found.map(stored);
  }

  async scroll(from: PointId | undefined, limit: number, wanted: Wanted): Promise<Scroll> {
    const offset = from === undefined ? {} : { offset: from };
    const { points, next_page_offset } = await this.#client.scroll(this.collection, {
      limit,
      ...offset,
      ...selectors(wanted),
    });
    return { points: points.map(stored), next: (next_page_offset ?? undefined) as PointId | undefined };
  }

  async remove(ids: readonly PointId[]): Promise<void> {
    completed(await this.#client.delete(this.collection, { wait: true, points: [...ids] }));
  }

  async count(): Promise<number> {
    return (await this.#client.count(this.collection, { exact: true })).count;
  }

  async nearest(
    { vector, limit, filter, wanted }: ServerQuery,
    plan: CollectionPlan,
  ): Promise<readonly ServerHit[]> {
    const { mode, metric, codec } = plan;
    const query =
      mode === "code-as-vector" ? unsignedQuery(vector, codec.state().params["scale"] as number) : vector;
    const { points } = await this.#client.query(this.collection, {
      query: Array.from(query),
      limit,
      ...(filter === undefined ? {} : { filter }),
      params: searchParams(plan),
      ...selectors(wanted),
    });
    return points.map((point) => {
      const score = point.score ?? Number.NaN;
      return { point: stored(point), score: metric === "l2" ? -score * score : score };
    });
  }
}

function selectors({ vector, payload }: Wanted): { with_payload: boolean | string[]; with_vector: boolean } {
  return { with_payload: payload ? true : [...OURS], with_vector: vector };
}

function stored({ id, payload, vector }: QdrantRecord): StoredPoint {
  const { [ENVELOPE_FIELD]: envelope, [ORIGINAL_FIELD]: original, ...rest } = payload ?? {};
  const dense = Array.isArray(vector) ? Float32Array.from(vector as number[]) : undefined;
  return { id, envelope, original, payload: rest, ...(dense ? { vector: dense } : {}) };
}

/** A write that the server has taken but not done may be seen by no read. Doing it again does no harm. */
function completed({ status }: { readonly status: string }): void {
  if (status !== "completed")
    throw Object.assign(new Error("not completed"), { code: "ETIMEDOUT", status: undefined });
}
