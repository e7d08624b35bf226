/**
 * One law at one place: a family with options, a metric, a dim, a backend. Gives the law fresh codecs, seeded rows
 * and assertions that say where they failed.
 */
import {
  type Codec,
  type CodecFamily,
  type CommonOptions,
  type Hits,
  isPithError,
  type Metric,
  type Vectors,
} from "@pith/codec-core";
import type { Assert } from "../assert.ts";
import { FastRandom, seededRows } from "../sample.ts";
import type { CodecLaw } from "./laws.ts";

export type ExtraOptions = { readonly [name: string]: unknown };

/** Rows that a trained codec learns from, where its manifest doesn't ask for more. */
const SAMPLE_ROWS = 256;
/** Rows at hand for laws: enough to cross blocks of 16, 32, 64 and 128 rows. */
const POOL_ROWS = 150;

/** The codecs of one family with one set of options; shared by all its trials, so that training runs once a place. */
export class Subject {
  readonly family: CodecFamily;
  readonly extra: ExtraOptions;
  readonly seed: number;
  readonly #trained = new Map<string, Codec>();
  readonly #pools = new Map<number, Vectors>();

  constructor(family: CodecFamily, extra: ExtraOptions, seed: number) {
    this.family = family;
    this.extra = extra;
    this.seed = seed;
  }

  get name(): string {
    const names = Object.keys(this.extra);
    return [this.family.name, ...names.map((n) => `${n}=${String(this.extra[n])}`)].join(" ");
  }

  options(metric: Metric, dim: number): CommonOptions {
    return { ...this.extra, dim, metric };
  }

  /** By `create` where options are enough, else by `train` on a seeded sample. */
  build(metric: Metric, dim: number): Codec {
    try {
      return this.family.create(this.options(metric, dim));
    } catch (error) {
      if (!this.family.train || !isPithError(error, "NOT_SUPPORTED")) throw error;
      return this.train(metric, dim);
    }
  }

  train(metric: Metric, dim: number): Codec {
    const train = this.family.train?.bind(this.family);
    if (!train) throw new Error(`${this.family.name} has no train`);
    const options = this.options(metric, dim);
    try {
      return train(this.sample(SAMPLE_ROWS, dim), options);
    } catch (error) {
      const wanted = isPithError(error, "SAMPLE_TOO_SMALL") ? Number(error.details["expected"]) : Number.NaN;
      if (!(wanted > SAMPLE_ROWS)) throw error;
      return train(this.sample(wanted, dim), options);
    }
  }

  /** As `build`; a trained one is made once, for training is slow. */
  codec(metric: Metric, dim: number): Codec {
    const key = `${metric} ${dim}`;
    const known = this.#trained.get(key);
    if (known) return known;
    const codec = this.build(metric, dim);
    if (codec.supports.trained) this.#trained.set(key, codec);
    return codec;
  }

  sample(count: number, dim: number): Vectors {
    return seededRows(count, dim, this.seed + 1);
  }

  pool(dim: number): Vectors {
    let pool = this.#pools.get(dim);
    if (!pool) this.#pools.set(dim, (pool = seededRows(POOL_ROWS, dim, this.seed)));
    return pool;
  }

  /** The least dim that the family serves with this metric, by the manifest of a codec of a common dim. */
  minDim(metric: Metric): number {
    for (const dim of [64, 384, 768, 1024, 4096]) {
      try {
        return this.codec(metric, dim).supports.minDim;
      } catch (error) {
        if (!isPithError(error, "DIM_UNSUPPORTED")) throw error;
      }
    }
    throw new Error(`${this.family.name} serves none of the usual dims from 64 to 4096`);
  }
}

export class Trial {
  readonly subject: Subject;
  readonly metric: Metric;
  readonly dim: number;
  readonly t: Assert;
  readonly random: FastRandom;

  constructor(subject: Subject, metric: Metric, dim: number, t: Assert) {
    this.subject = subject;
    this.metric = metric;
    this.dim = dim;
    this.t = t;
    this.random = new FastRandom(subject.seed + 31 * dim);
  }

  get family(): CodecFamily {
    return this.subject.family;
  }

  get options(): CommonOptions {
    return this.subject.options(this.metric, this.dim);
  }

  /** A new codec (the trained one, where training makes it). */
  codec(): Codec {
    return this.subject.codec(this.metric, this.dim);
  }

  /** `count` seeded rows from row `from` on, in memory of their own. */
  rows(count: number, from = 0): Vectors {
    const { data } = this.subject.pool(this.dim);
    return { data: data.slice(from * this.dim, (from + count) * this.dim), dim: this.dim, count };
  }

  /** A seeded query that is no row of `rows` with `count + from` below 140. */
  query(which = 0): Float32Array {
    return this.rows(1, POOL_ROWS - 1 - which).data;
  }

  /** Scores of all codes that this query gives. */
  scores(codec: Codec, metric: Metric, query: Float32Array, c: Parameters<Codec["decode"]>[0]): Float32Array {
    const out = new Float32Array(c.count);
    codec.scorer(metric).prepare(query).scoreInto(c, out);
    return out;
  }

  sameHits(actual: Hits, expected: Hits, what: string): void {
    this.t.equal(actual.length, expected.length, `${what}, number of hits`);
    this.t.same(actual.slots, expected.slots, `${what}, slots`);
    this.t.same(actual.scores, expected.scores, `${what}, scores`);
  }
}

/** A law as code. `dims: "few"` for what is slow and hardly depends on the dim. */
export interface LawCheck {
  readonly dims?: "few";
  /** For long embeddings too: dims up to 3,072. */
  readonly wide?: true;
  /** False where the manifest says that there's nothing to test. */
  applies?(codec: Codec): boolean;
  /** Needs another backend than TypeScript. */
  readonly crossBackend?: true;
  run(trial: Trial): void | Promise<void>;
}

export type LawChecks<Law extends CodecLaw> = { readonly [L in Law]: LawCheck };

/** What topK has to give: the allowed rows by score, best first, equal scores by slot; NaN counts as -Infinity. */
export function sortedHits(scores: Float32Array, k: number, allow?: { has(i: number): boolean }): Hits {
  const rank = (i: number): number => (Number.isNaN(scores[i]) ? -Infinity : scores[i]);
  const slots = Array.from(scores.keys()).filter((i) => allow?.has(i) ?? true);
  slots.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
  const best = slots.slice(0, k);
  return { slots: Uint32Array.from(best), scores: Float32Array.from(best, rank), length: best.length };
}

/** The decoder where the manifest has one. */
export function decodes(codec: Codec): boolean {
  return codec.supports.decode !== "none";
}
