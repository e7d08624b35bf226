/**
 * A double of Weaviate's client that does wrong as it is told. It answers as version 3.12.1 does with a server of version 1.39.3, as
 * far as the adapter asks; the live tests compare the adapter with the real ones.
 */
import type {
  WeaviateBody,
  WeaviateCollectionLike,
  WeaviateLike,
  WeaviateRecord,
} from "../../src/weaviate/client.ts";

interface FakeClass {
  schema: WeaviateBody;
  readonly objects: Map<string, { properties: Record<string, unknown>; vector?: number[] | undefined }>;
}

export class FakeWeaviate implements WeaviateLike {
  readonly classes = new Map<string, FakeClass>();
  /** Told of each call before it is done; may throw. */
  onCall: (name: string, n: number) => void = () => {};
  /** What the server makes of a schema. */
  onSchema: (schema: WeaviateBody) => WeaviateBody = (schema) => schema;
  /** Why an object is refused; undefined: it isn't. */
  refuse: (id: string) => string | undefined = () => undefined;
  /** Objects that are taken and not stored. */
  lose: (id: string) => boolean = () => false;
  compressed = false;
  readonly #calls = new Map<string, number>();

  readonly collections: WeaviateLike["collections"] = {
    exists: async (name) => {
      this.#called("exists");
      return this.classes.has(name);
    },
    createFromSchema: async (schema) => {
      this.#called("create");
      this.classes.set(schema.class, { schema: this.onSchema(structuredClone(schema)), objects: new Map() });
    },
    delete: async (name) => {
      this.#called("drop");
      this.classes.delete(name);
    },
    get: (name) => this.#collection(name),
  };

  readonly cluster: WeaviateLike["cluster"] = {
    nodes: async () => {
      this.#called("nodes");
      return [{ shards: [{ compressed: this.compressed }] }];
    },
  };

  #called(name: string): void {
    const n = (this.#calls.get(name) ?? 0) + 1;
    this.#calls.set(name, n);
    this.onCall(name, n);
  }

  #class(name: string): FakeClass {
    const found = this.classes.get(name);
    if (found) return found;
    throw Object.assign(new Error(`... UNKNOWN: could not find class ${name} in schema`), {
      name: "WeaviateQueryError",
    });
  }

  #collection(name: string): WeaviateCollectionLike {
    return {
      aggregate: {
        overAll: async () => {
          this.#called("count");
          return { totalCount: this.#class(name).objects.size };
        },
      },
      config: {
        get: async () => configOf(this.#class(name).schema),
        update: async ({ vectorizers }) => {
          this.#called("update");
          const { type, ...quantizer } = vectorizers.vectorIndex.config.quantizer;
          this.#class(name).schema.vectorIndexConfig[type] = { ...quantizer, enabled: true };
        },
      },
      data: {
        insertMany: async (objects) => {
          this.#called("insert");
          const errors: Record<number, { message: string }> = {};
          for (const [at, { id, properties, vectors }] of objects.entries()) {
            const message = this.refuse(id);
            if (message !== undefined) errors[at] = { message };
            else if (!this.lose(id))
              this.#class(name).objects.set(id, { properties: structuredClone(properties), vector: vectors });
          }
          return { errors };
        },
        deleteMany: async (ids: string[]) => {
          this.#called("delete");
          for (const id of ids) this.#class(name).objects.delete(id);
          return { failed: 0 };
        },
      },
      filter: { byId: () => ({ containsAny: (ids) => ids }) },
      query: {
        fetchObjects: async ({ limit, after, filters, includeVector }) => {
          this.#called("fetch");
          const ids = [...this.#class(name).objects.keys()].sort();
          const wanted = ids.filter((id) =>
            filters ? filters.includes(id) : after === undefined || id > after,
          );
          return { objects: wanted.slice(0, limit).map((id) => this.#record(name, id, includeVector)) };
        },
        nearVector: async (vector, { limit }) => {
          this.#called("search");
          const hits = [...this.#class(name).objects].map(([id, { vector: v = [] }]) => ({
            ...this.#record(name, id, false),
            metadata: { distance: v.reduce((sum, x, j) => sum + (x - vector[j]) ** 2, 0) },
          }));
          hits.sort((a, b) => a.metadata.distance - b.metadata.distance);
          return { objects: hits.slice(0, limit) };
        },
      },
      withConsistency: () => this.#collection(name),
    };
  }

  #record(name: string, uuid: string, includeVector: boolean): WeaviateRecord {
    const { properties, vector } = this.#class(name).objects.get(uuid) ?? { properties: {} };
    return {
      uuid,
      properties: structuredClone(properties),
      vectors: includeVector && vector ? { default: [...vector] } : {},
    };
  }
}

function configOf({ vectorIndexType, vectorIndexConfig }: WeaviateBody): WeaviateBody {
  const { distance, skip = false, skipDefaultQuantization, ...quantizers } = vectorIndexConfig;
  const [[type, body] = []] = Object.entries(quantizers) as [string, object][];
  return {
    vectorizers: {
      default: {
        vectorizer: { name: "none" },
        indexType: vectorIndexType,
        indexConfig: { distance, skip, ...(type ? { quantizer: { type, ...body } } : {}) },
      },
    },
  };
}
