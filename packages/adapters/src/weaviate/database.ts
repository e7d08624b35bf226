/** A collection of Weaviate, over its client: gRPC for objects and searches, REST for schemas. */
import { PithError, quote } from "@pith/codec-core";
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
import { ID_NAMESPACE, uuidV5 } from "../remote/point-id.ts";
import type {
  WeaviateBody,
  WeaviateCollectionLike,
  WeaviateConsistency,
  WeaviateLike,
  WeaviateRecord,
} from "./client.ts";
import { PassingRefusal, passes, weaviateFailure } from "./failure.ts";
import { payloadOf, propertiesOf } from "./payload.ts";
import {
  chooseSettings,
  collectionSchema,
  placeOf,
  textProperty,
  trainingUpdate,
  verifySettings,
  type WeaviateSettings,
} from "./settings.ts";

/** Below every UUID that a point may have: where a cursor begins. */
const NIL = "00000000-0000-0000-0000-000000000000";
const MANIFEST_PAGE = 16;
const POLL_MS = 200;
const OURS: readonly string[] = [ENVELOPE_FIELD, ORIGINAL_FIELD];

export class WeaviateDatabase implements Database {
  readonly product = "Weaviate";
  readonly modes: readonly Mode[] = ["server", "sidecar", "payload"];
  readonly integerIds = false;
  /** QUERY_MAXIMUM_RESULTS of a server that isn't told otherwise. */
  readonly mostHits = 10_000;
  readonly collection: string;
  readonly #client: WeaviateLike;
  readonly #settings: WeaviateSettings;
  /** Where the collection lies: the manifest lies there too. */
  #place: Settings = {};
  readonly #consistency: WeaviateConsistency;
  readonly #secrets: readonly string[];
  readonly #manifest: string;

  constructor(
    client: WeaviateLike,
    collection: string,
    settings: WeaviateSettings = {},
    { consistency = "QUORUM", secrets = [] }: WeaviateAccess = {},
  ) {
    if (typeof collection !== "string" || !/^[A-Za-z][_0-9A-Za-z]{0,199}$/.test(collection))
      throw new PithError(
        "INVALID_ARGUMENT",
        `expected the name of a collection: a letter, then up to 199 letters, digits and _, got ${quote(String(collection))}`,
      );
    if (!["ONE", "QUORUM", "ALL"].includes(consistency))
      throw new PithError(
        "INVALID_OPTION",
        `consistency: expected ONE, QUORUM or ALL, got ${quote(String(consistency))}`,
        { option: "consistency" },
      );
    this.#client = client;
    // As Weaviate does itself.
    this.collection = collection[0].toUpperCase() + collection.slice(1);
    this.#settings = settings;
    this.#consistency = consistency;
    this.#secrets = secrets;
    this.#manifest = `${this.collection}_pith`;
  }

  failure(error: unknown): Failure {
    return weaviateFailure(error, this.#secrets);
  }

  async loadManifest(): Promise<readonly string[] | undefined> {
    if (!(await this.#client.collections.exists(this.#manifest))) return undefined;
    const parts: string[] = [];
    const { query } = this.#named(this.#manifest);
    let after: string | undefined = NIL;
    while (after !== undefined) {
      const { objects }: { objects: WeaviateRecord[] } = await query.fetchObjects({
        limit: MANIFEST_PAGE,
        after,
      });
      for (const { properties } of objects) parts[Number(properties["place"])] = properties["part"] as string;
      after = objects.at(-1)?.uuid;
    }
    return Array.from(parts);
  }

  async saveManifest(parts: readonly string[]): Promise<void> {
    const { collections } = this.#client;
    if (await collections.exists(this.#manifest)) await collections.delete(this.#manifest);
    await collections.createFromSchema({
      class: this.#manifest,
      description: "Pith: how to read the collection of this name without _pith",
      vectorizer: "none",
      vectorIndexType: "hnsw",
      vectorIndexConfig: { skip: true, skipDefaultQuantization: true },
      properties: [textProperty("part"), { name: "place", dataType: ["int"], indexFilterable: false }],
      ...placeOf({ ...this.#place, shards: 1 }),
    });
    for (const [place, part] of parts.entries())
      await this.#insert(this.#manifest, [
        { id: uuidV5(ID_NAMESPACE, `manifest ${place}`), properties: { part, place } },
      ]).then(([error]) => {
        if (error) throw new PassingRefusal(error.reason);
      });
  }

  choose(plan: Omit<CollectionPlan, "native">): Settings {
    this.#place = chooseSettings(plan, this.#settings);
    return this.#place;
  }

  async exists(): Promise<boolean> {
    return await this.#client.collections.exists(this.collection);
  }

  async create(plan: CollectionPlan): Promise<void> {
    await this.#client.collections.createFromSchema(collectionSchema(this.collection, plan));
  }

  /** The schema says nothing of the dim: the vector of some object does. */
  async verify(plan: CollectionPlan): Promise<Settings> {
    const settings = verifySettings(this.collection, plan, await this.#all.config.get());
    if (plan.mode === "payload") return settings;
    const { objects } = await this.#all.query.fetchObjects({
      limit: 1,
      includeVector: true,
      returnProperties: [...OURS],
    });
    const actual = objects[0] && vectorOf(objects[0])?.length;
    if (actual !== undefined && actual !== plan.dim)
      throw new PithError(
        "DIM_MISMATCH",
        `Weaviate, collection ${quote(this.collection)}: its vectors have dim ${actual}, expected ${plan.dim}`,
        { expected: plan.dim, actual },
      );
    return settings;
  }

  /** The vectors first: a manifest without them is nothing, they without it can't be read. */
  async drop(): Promise<void> {
    for (const name of [this.collection, this.#manifest])
      if (await this.#client.collections.exists(name)) await this.#client.collections.delete(name);
  }

  /**
   * Switches the quantizers on that learn from the vectors there are, and waits until every shard is compressed. Nothing where the
   * quantizer learns nothing.
   */
  async train(plan: CollectionPlan, wait: () => void = () => {}): Promise<void> {
    const update = trainingUpdate(plan);
    if (update === undefined) return;
    const config = await this.#all.config.get();
    if (config?.vectorizers?.default?.indexConfig?.quantizer === undefined)
      await this.#all.config.update(update);
    while (!(await this.#compressed())) {
      wait();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async upsert(points: readonly Point[]): Promise<readonly RejectedPoint[]> {
    const objects = points.map(({ id, envelope, original, vector, payload }) => ({
      id,
      properties: {
        ...(payload ? propertiesOf(payload) : {}),
        [ENVELOPE_FIELD]: envelope,
        ...(original === undefined ? {} : { [ORIGINAL_FIELD]: original }),
      },
      ...(vector ? { vectors: Array.from(vector) } : {}),
    }));
    return await this.#insert(this.collection, objects);
  }

  async fetch(ids: readonly PointId[], wanted: Wanted): Promise<readonly StoredPoint[]> {
    if (ids.length === 0) return [];
    const { query, filter } = this.#all;
    const { objects } = await query.fetchObjects({
      limit: ids.length,
      filters: filter.byId().containsAny(ids.map(String)),
      ...selectors(wanted),
    });
    return objects.map(stored);
  }

  async scroll(from: PointId | undefined, limit: number, wanted: Wanted): Promise<Scroll> {
    const after = from ?? NIL;
    const { objects } = await this.#all.query.fetchObjects({ limit, after, ...selectors(wanted) });
    return { points: objects.map(stored), next: objects.at(-1)?.uuid };
  }

  async remove(ids: readonly PointId[]): Promise<void> {
    const { data, filter } = this.#all;
    const { failed } = await data.deleteMany(filter.byId().containsAny(ids.map(String)));
    if (failed > 0) throw new PassingRefusal(`${failed} of ${ids.length} objects weren't deleted`);
  }

  /** Of an aggregation: the numbers of objects that nodes report lag behind. */
  async count(): Promise<number> {
    return (await this.#all.aggregate.overAll()).totalCount;
  }

  async nearest(
    { vector, limit, filter, wanted }: ServerQuery,
    { metric }: CollectionPlan,
  ): Promise<readonly ServerHit[]> {
    const { objects } = await this.#all.query.nearVector(Array.from(vector), {
      limit,
      ...(filter === undefined ? {} : { filters: filter }),
      returnMetadata: ["distance"],
      ...selectors(wanted),
    });
    return objects.map((object) => {
      const distance = object.metadata?.distance ?? Number.NaN;
      return { point: stored(object), score: metric === "cosine" ? 1 - distance : -distance };
    });
  }

  get #all(): WeaviateCollectionLike {
    return this.#named(this.collection);
  }

  #named(name: string): WeaviateCollectionLike {
    return this.#client.collections.get(name).withConsistency(this.#consistency);
  }

  async #insert(name: string, objects: WeaviateBody[]): Promise<RejectedPoint[]> {
    const { errors } = await this.#named(name).data.insertMany(objects);
    return Object.entries(errors).map(([at, { message }]) => {
      // Others of the request may be stored; storing them again does no harm.
      if (passes(message)) throw new PassingRefusal(message);
      return { id: objects[Number(at)].id as string, reason: message };
    });
  }

  async #compressed(): Promise<boolean> {
    const nodes = await this.#client.cluster.nodes({ collection: this.collection, output: "verbose" });
    const shards = nodes.flatMap(({ shards }) => shards ?? []);
    return shards.length > 0 && shards.every(({ compressed }) => compressed === true);
  }
}

/** How the database is reached, beside the client. */
export interface WeaviateAccess {
  /** Replicas that have to agree to each read and write. Default "QUORUM"; without replicas all levels are one. */
  readonly consistency?: WeaviateConsistency | undefined;
  /** Blotted out of what the server says, should it repeat them: the API key. */
  readonly secrets?: readonly string[] | undefined;
}

function selectors({ vector, payload }: Wanted): object {
  return { includeVector: vector, ...(payload ? {} : { returnProperties: [...OURS] }) };
}

function stored(object: WeaviateRecord): StoredPoint {
  const { [ENVELOPE_FIELD]: envelope, [ORIGINAL_FIELD]: original, ...rest } = object.properties ?? {};
  const vector = vectorOf(object);
  return { id: object.uuid, envelope, original, payload: payloadOf(rest), ...(vector ? { vector } : {}) };
}

function vectorOf({ vectors }: WeaviateRecord): Float32Array | undefined {
  const values = vectors?.default;
  return Array.isArray(values) ? Float32Array.from(values as number[]) : undefined;
}
