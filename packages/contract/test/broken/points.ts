import { PithError, type Vectors } from "@pith/codec-core";
import type { Point, PointMatch, PointPayload, PointStore } from "../../src/index.ts";
import { MapPoints } from "../reference-points.ts";

export interface BrokenPoints {
  readonly fault: string;
  readonly law: string;
  make(dim: number): PointStore;
}

type Ids = readonly string[];
type Payloads = readonly PointPayload[];

const head = (v: Vectors, count: number): Vectors => ({ ...v, count, data: v.data.slice(0, count * v.dim) });

export const brokenPoints: readonly BrokenPoints[] = [
  {
    fault: "says nothing of vectors of zeros and refuses them",
    law: "point.manifest",
    make: (dim) =>
      new (class extends MapPoints {
        protected override check(ids: Ids, v: Vectors) {
          super.check(ids, v);
          if (ids[0] === "zero") throw new PithError("NOT_SUPPORTED", "a vector of zeros");
        }
      })(dim),
  },
  {
    fault: "throws when there is nothing to search",
    law: "point.empty",
    make: (dim) =>
      new (class extends MapPoints {
        override async search(query: Float32Array, k: number): Promise<PointMatch[]> {
          if (this.held.size === 0) throw new PithError("EMPTY_INPUT", "nothing here");
          return super.search(query, k);
        }
      })(dim),
  },
  {
    fault: "gives hits the payload of the point before",
    law: "point.add",
    make: (dim) =>
      new (class extends MapPoints {
        override async search(query: Float32Array, k: number): Promise<PointMatch[]> {
          const found = await super.search(query, k);
          const payloads = [...this.held.values()].map(({ payload }) => payload);
          const ids = [...this.held.keys()];
          return found.map((hit) => ({ ...hit, payload: payloads[Math.max(0, ids.indexOf(hit.id) - 1)] }));
        }
      })(dim),
  },
  {
    fault: "doubles what is added again",
    law: "point.again",
    make: (dim) =>
      new (class extends MapPoints {
        readonly doubles: string[] = [];
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          this.doubles.push(...ids.filter((id) => this.held.has(id)));
          await super.add(ids, v, payloads);
        }
        override async count() {
          return this.held.size + this.doubles.length;
        }
      })(dim),
  },
  {
    fault: "replaces the payload and keeps the vector",
    law: "point.replace",
    make: (dim) =>
      new (class extends MapPoints {
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          const old = ids.map((id) => this.held.get(id)?.row);
          await super.add(ids, v, payloads);
          ids.forEach((id, i) => {
            const { row, payload } = this.held.get(id)!;
            this.held.set(id, { row: old[i] ?? row, payload });
          });
        }
      })(dim),
  },
  {
    fault: "finds what was deleted",
    law: "point.delete",
    make: (dim) =>
      new (class extends MapPoints {
        readonly all = new MapPoints(dim);
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          await super.add(ids, v, payloads);
          await this.all.add(ids, v, payloads);
        }
        override async search(query: Float32Array, k: number) {
          this.check([""], { data: query, dim: query.length, count: 1 });
          return this.all.search(query, k);
        }
      })(dim),
  },
  {
    fault: "throws for an unknown id to delete",
    law: "point.delete",
    make: (dim) =>
      new (class extends MapPoints {
        override async delete(ids: Ids) {
          if (this.held.size > 0 && ids.some((id) => !this.held.has(id)))
            throw new PithError("UNKNOWN_ID", "no such id");
          await super.delete(ids);
        }
      })(dim),
  },
  {
    fault: "loses the k-th",
    law: "point.search",
    make: (dim) =>
      new (class extends MapPoints {
        override async search(query: Float32Array, k: number) {
          return (await super.search(query, k)).slice(0, Math.max(1, k - 1));
        }
      })(dim),
  },
  {
    fault: "gives distances for scores",
    law: "point.search",
    make: (dim) =>
      new (class extends MapPoints {
        override async search(query: Float32Array, k: number) {
          return (await super.search(query, k)).map((hit) => ({ ...hit, score: 1 - hit.score }));
        }
      })(dim),
  },
  {
    fault: "ranks by the dot product of vectors that aren't of length 1",
    law: "point.search",
    make: (dim) => new MapPoints(dim, "dot"),
  },
  {
    fault: "takes ids for numbers where they look like some",
    law: "point.ids",
    make: (dim) =>
      new (class extends MapPoints {
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          const numbers = ids.map((id) => (/^\d+$/.test(id) ? String(Number(id)) : id));
          super.check(ids, v);
          for (const [i, id] of numbers.entries())
            await super.add(
              [id],
              { data: v.data.slice(i * v.dim), dim: v.dim, count: 1 },
              payloads.slice(i, i + 1),
            );
        }
      })(dim),
  },
  {
    fault: "flattens payloads to text",
    law: "point.payload",
    make: (dim) =>
      new (class extends MapPoints {
        override async getByIds(ids: Ids): Promise<Point[]> {
          const text = (payload: PointPayload): PointPayload =>
            Object.fromEntries(
              Object.entries(payload).map(([k, v]) => [k, typeof v === "boolean" ? `${v}` : v]),
            );
          return (await super.getByIds(ids)).map(({ id, payload }) => ({ id, payload: text(payload) }));
        }
      })(dim),
  },
  {
    fault: "loses a call beside another",
    law: "point.many",
    make: (dim) =>
      new (class extends MapPoints {
        #busy = false;
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          if (this.#busy) return;
          this.#busy = true;
          await Promise.resolve();
          await super.add(ids, v, payloads);
          this.#busy = false;
        }
      })(dim),
  },
  {
    fault: "stores the rows before the one that it refuses",
    law: "point.input",
    make: (dim) =>
      new (class extends MapPoints {
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          if (ids.length === v.count && ids.length > 1)
            await super.add(ids.slice(0, 1), head(v, 1), payloads.slice(0, 1));
          await super.add(ids, v, payloads);
        }
      })(dim),
  },
  {
    fault: "keeps the caller's vectors",
    law: "point.unretained",
    make: (dim) =>
      new (class extends MapPoints {
        override async add(ids: Ids, v: Vectors, payloads: Payloads) {
          await super.add(ids, v, payloads);
          ids.forEach((id, i) => {
            const row = v.data.subarray(i * v.dim, (i + 1) * v.dim);
            this.held.set(id, { row, payload: payloads[i] });
          });
        }
      })(dim),
  },
  {
    fault: "normalises the caller's query",
    law: "point.unretained",
    make: (dim) =>
      new (class extends MapPoints {
        override async search(query: Float32Array, k: number) {
          const found = await super.search(query, k);
          query.forEach((x, i) => {
            query[i] = x / 2;
          });
          return found;
        }
      })(dim),
  },
];
