import { type Codec, PithError, type Vectors } from "@pith/codec-core";
import type { IndexFilter, IndexId, IndexMatch } from "../../src/index.ts";
import { MapIndex } from "../reference-index.ts";

export interface BrokenIndex {
  readonly fault: string;
  readonly law: string;
  make(codec: Codec): MapIndex;
}

type Options = { filter?: IndexFilter<IndexId> };

export const brokenIndexes: readonly BrokenIndex[] = [
  {
    fault: "puts a replaced id at the end",
    law: "index.model",
    make: (codec) =>
      new (class extends MapIndex {
        override upsert(ids: readonly IndexId[], v: Vectors) {
          this.check(ids, v);
          const replaced = ids.filter((id) => this.has(id)).length;
          this.remove(ids);
          super.upsert(ids, v);
          return { added: ids.length - replaced, replaced };
        }
      })(codec),
  },
  {
    fault: "ranks equal scores by id",
    law: "index.ties",
    make: (codec) =>
      new (class extends MapIndex {
        protected override rank(a: IndexMatch<IndexId>, b: IndexMatch<IndexId>): number {
          return b.score - a.score || (a.id < b.id ? -1 : 1);
        }
      })(codec),
  },
  {
    fault: "filters after cutting to k",
    law: "index.filter",
    make: (codec) =>
      new (class extends MapIndex {
        override search(query: Float32Array, k: number, options: Options = {}) {
          const kept = new Set(super.search(query, this.size + 1, options).map(({ id }) => id));
          return super.search(query, k).filter(({ id }) => kept.has(id));
        }
      })(codec),
  },
  {
    fault: "adds the rows before the one that is refused",
    law: "index.add",
    make: (codec) =>
      new (class extends MapIndex {
        override add(ids: readonly IndexId[], v: Vectors) {
          this.check(ids, v);
          const { data, dim } = v;
          ids.forEach((id, i) => {
            super.add([id], { data: data.slice(i * dim, (i + 1) * dim), dim, count: 1 });
          });
        }
      })(codec),
  },
  {
    fault: "counts replaced rows as added",
    law: "index.upsert",
    make: (codec) =>
      new (class extends MapIndex {
        override upsert(ids: readonly IndexId[], v: Vectors) {
          super.upsert(ids, v);
          return { added: ids.length, replaced: 0 };
        }
      })(codec),
  },
  {
    fault: "adds before it looks at the signal",
    law: "index.async",
    make: (codec) =>
      new (class extends MapIndex {
        async addAsync(ids: readonly IndexId[], v: Vectors, options: { signal?: AbortSignal } = {}) {
          super.add(ids, v);
          if (options.signal?.aborted) throw new PithError("ABORTED", "too late");
        }
        async upsertAsync(ids: readonly IndexId[], v: Vectors, options: { signal?: AbortSignal } = {}) {
          if (options.signal?.aborted) throw new PithError("ABORTED", "in time");
          return super.upsert(ids, v);
        }
      })(codec),
  },
  {
    fault: "counts the ids that it was asked to remove",
    law: "index.remove",
    make: (codec) =>
      new (class extends MapIndex {
        override remove(ids: Iterable<IndexId>) {
          const asked = [...ids];
          super.remove(asked);
          return asked.length;
        }
      })(codec),
  },
  {
    fault: "throws for an empty index",
    law: "index.empty",
    make: (codec) =>
      new (class extends MapIndex {
        override search(query: Float32Array, k: number, options: Options = {}) {
          if (this.size === 0) throw new PithError("EMPTY_INPUT", "nothing to search");
          return super.search(query, k, options);
        }
      })(codec),
  },
  {
    fault: "gives out the vector that it holds",
    law: "index.get",
    make: (codec) =>
      new (class extends MapIndex {
        readonly #known = new Map<IndexId, Float32Array>();
        override get(id: IndexId) {
          const found = super.get(id);
          if (found && !this.#known.has(id)) this.#known.set(id, found);
          return found && this.#known.get(id);
        }
      })(codec),
  },
  {
    fault: "pads matches up to k",
    law: "index.k",
    make: (codec) =>
      new (class extends MapIndex {
        override search(query: Float32Array, k: number, options: Options = {}) {
          const found = super.search(query, k, options);
          while (found.length > 0 && found.length < Math.min(k, 9)) found.push(found[0]);
          return found;
        }
      })(codec),
  },
  {
    fault: "takes a query that isn't finite",
    law: "index.query",
    make: (codec) =>
      new (class extends MapIndex {
        override search(query: Float32Array, k: number, options: Options = {}) {
          return super.search(
            query.map((x) => (Number.isFinite(x) ? x : 0)),
            k,
            options,
          );
        }
      })(codec),
  },
  {
    fault: "a batch answers its first query each time",
    law: "index.batch",
    make: (codec) =>
      new (class extends MapIndex {
        override async searchBatch(
          queries: Vectors,
          k: number,
          options: Options & { signal?: AbortSignal } = {},
        ) {
          const found = await super.searchBatch(queries, k, options);
          return found.map(() => found[0]);
        }
      })(codec),
  },
  {
    fault: "keeps the vectors it was given and encodes them when asked",
    law: "index.unretained",
    make: (codec) =>
      new (class extends MapIndex {
        readonly #later: [readonly IndexId[], Vectors][] = [];
        override upsert(ids: readonly IndexId[], v: Vectors) {
          this.#later.push([[...ids], v]);
          return super.upsert(ids, v);
        }
        override search(query: Float32Array, k: number, options: Options = {}) {
          for (const [ids, v] of this.#later) super.upsert(ids, v);
          return super.search(query, k, options);
        }
      })(codec),
  },
  {
    fault: "loses the empty id",
    law: "index.ids",
    make: (codec) =>
      new (class extends MapIndex {
        override has(id: IndexId) {
          return id !== "" && super.has(id);
        }
      })(codec),
  },
  {
    fault: "saves in another order after loading",
    law: "index.save",
    make: (codec) =>
      new (class extends MapIndex {
        override load(bytes: Uint8Array) {
          super.load(bytes);
          this.rows = new Map([...this.live()].reverse());
          return this;
        }
      })(codec),
  },
  {
    fault: "loads without a look at the checksum",
    law: "index.load",
    make: (codec) =>
      new (class extends MapIndex {
        override load(bytes: Uint8Array) {
          try {
            return super.load(bytes);
          } catch {
            return this;
          }
        }
      })(codec),
  },
  {
    fault: "counts removed ids in its stats",
    law: "index.stats",
    make: (codec) =>
      new (class extends MapIndex {
        #ever = 0;
        override upsert(ids: readonly IndexId[], v: Vectors) {
          const counts = super.upsert(ids, v);
          this.#ever += counts.added;
          return counts;
        }
        override stats() {
          return { ...super.stats(), count: this.#ever };
        }
      })(codec),
  },
  {
    fault: "still has its size after dispose",
    law: "index.disposed",
    make: (codec) =>
      new (class extends MapIndex {
        override get size() {
          return this.rows?.size ?? 0;
        }
      })(codec),
  },
];
