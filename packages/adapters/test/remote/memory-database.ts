/** A database in memory that fails as it is told: what the shared core makes of failures can be tried without a server. */
import type { Metric } from "@pith/codec-core";
import type {
  CollectionPlan,
  Database,
  Failure,
  Mode,
  Payload,
  Point,
  PointId,
  RejectedPoint,
  Scroll,
  ServerHit,
  ServerQuery,
  Settings,
  StoredPoint,
  Wanted,
} from "../../src/remote/database.ts";
import { networkFailure, statusFailure } from "../../src/remote/http-failure.ts";

/** A call of the database and how often it was made, from 1. */
export interface Call {
  readonly name: string;
  readonly n: number;
  readonly points: readonly Point[];
}

export interface StoredInMemory {
  envelope: unknown;
  original?: string | undefined;
  vector?: Float32Array | undefined;
  payload: Payload;
}

export class MemoryDatabase implements Database {
  readonly product = "Memory";
  readonly collection: string = "things";
  readonly modes: readonly Mode[] = ["server", "sidecar", "payload"];
  readonly integerIds: boolean;
  readonly held: Map<PointId, StoredInMemory> = new Map();
  readonly calls: Map<string, number> = new Map();
  manifest: readonly string[] | undefined;
  made: { dim: number; metric: Metric; mode: Mode } | undefined;
  /** Throws what the next call is to fail with, or waits. */
  before: (call: Call) => void | Promise<void> = () => {};
  /** Points that are refused while others of the request are taken. */
  rejects: (point: Point) => string | undefined = () => undefined;
  /** Points that are taken and not stored. */
  loses: (point: Point) => boolean = () => false;
  /** Throws after a call was done, as where the answer is lost. */
  after: (call: Call) => void = () => {};

  constructor(integerIds: boolean = true) {
    this.integerIds = integerIds;
  }

  failure(error: unknown): Failure {
    const { status, retryAfter, message } = error as {
      status?: number;
      retryAfter?: number;
      message?: string;
    };
    if (status !== undefined) return statusFailure(status, message ?? "", retryAfter);
    return networkFailure(error) ?? { kind: "refused", text: String(message) };
  }

  async loadManifest(): Promise<readonly string[] | undefined> {
    return await this.#call("loadManifest", () => this.manifest);
  }

  async saveManifest(parts: readonly string[]): Promise<void> {
    await this.#call("saveManifest", () => {
      this.manifest = [...parts];
    });
  }

  choose(): Settings {
    return { width: 32 };
  }

  async exists(): Promise<boolean> {
    return await this.#call("exists", () => this.made !== undefined);
  }

  async create({ dim, metric, mode }: CollectionPlan): Promise<void> {
    await this.#call("create", () => {
      this.made = { dim, metric, mode };
    });
  }

  async verify(): Promise<Settings> {
    return await this.#call("verify", () => ({ width: 32 }));
  }

  async drop(): Promise<void> {
    await this.#call("drop", () => {
      this.made = undefined;
      this.manifest = undefined;
      this.held.clear();
    });
  }

  async upsert(points: readonly Point[]): Promise<readonly RejectedPoint[]> {
    return await this.#call(
      "upsert",
      () =>
        points.flatMap((point) => {
          const reason = this.rejects(point);
          if (reason !== undefined) return { id: point.id, reason };
          const { id, envelope, original, vector, payload = {} } = point;
          if (!this.loses(point)) this.held.set(id, { envelope, original, vector: vector?.slice(), payload });
          return [];
        }),
      points,
    );
  }

  async fetch(ids: readonly PointId[], wanted: Wanted): Promise<readonly StoredPoint[]> {
    return await this.#call("fetch", () =>
      ids.filter((id) => this.held.has(id)).map((id) => this.#stored(id, wanted)),
    );
  }

  async scroll(from: PointId | undefined, limit: number, wanted: Wanted): Promise<Scroll> {
    return await this.#call("scroll", () => {
      const ids = [...this.held.keys()].sort((a, b) => (String(a) < String(b) ? -1 : 1));
      const start = from === undefined ? 0 : ids.indexOf(from);
      return {
        points: ids.slice(start, start + limit).map((id) => this.#stored(id, wanted)),
        next: ids[start + limit],
      };
    });
  }

  async remove(ids: readonly PointId[]): Promise<void> {
    await this.#call("remove", () => {
      for (const id of ids) this.held.delete(id);
    });
  }

  async count(): Promise<number> {
    return await this.#call("count", () => this.held.size);
  }

  /** By dot products. */
  async nearest({ vector, limit, wanted }: ServerQuery): Promise<readonly ServerHit[]> {
    return await this.#call("nearest", () =>
      [...this.held]
        .map(([id, { vector: row }]) => ({
          point: this.#stored(id, wanted),
          score: vector.reduce((sum, x, i) => sum + x * (row?.[i] ?? 0), 0),
        }))
        .sort((a, b) => b.score - a.score)
        .slice(0, limit),
    );
  }

  #stored(id: PointId, wanted: Wanted): StoredPoint {
    const { envelope, original, vector, payload } = this.held.get(id) as StoredInMemory;
    return {
      id,
      envelope,
      original,
      payload: wanted.payload ? payload : {},
      ...(wanted.vector && vector ? { vector } : {}),
    };
  }

  async #call<T>(name: string, work: () => T, points: readonly Point[] = []): Promise<T> {
    const call = { name, n: (this.calls.get(name) ?? 0) + 1, points };
    this.calls.set(name, call.n);
    await this.before(call);
    const result = work();
    this.after(call);
    return result;
  }
}

/** An error as clients throw it. */
export function answer(
  status: number,
  more: { readonly retryAfter?: number; readonly message?: string } = {},
): Error {
  return Object.assign(new Error(more.message ?? `status ${status}`), { status, ...more });
}
