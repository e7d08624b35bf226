/**
 * The vectors of a store, by key: float32 rows while there are few, codes from then on. What is learned, is learned once, from the
 * rows that are there when there are enough.
 */
import {
  type Codec,
  type CodecFamily,
  type CodecState,
  type EncodedRows,
  FlatIndex,
  type IndexStats,
  type Match,
  PithError,
  type Vectors,
  vectors,
} from "@pith/codec-core";
import {
  type CodecPlan,
  checkSame,
  codecs,
  planOfCodec,
  planOfName,
  restoredCodec,
  sameState,
} from "./codecs.ts";
import type { Change } from "./documents.ts";
import { exactCodec } from "./exact-codec.ts";
import type { RescoreKind, StoreSettings } from "./options.ts";

export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Rows on their way in: what is written to the store, and what is done when it is. */
export interface PreparedRows extends Pick<Change, "rows" | "encoded"> {
  /** To be called with the keys of the rows once the change is safe. */
  apply(keys: readonly number[]): void;
}

export class StoreRows {
  readonly #settings: StoreSettings;
  /** Undefined where the codec is there. */
  readonly #plan: CodecPlan | undefined;
  #index: FlatIndex<number>;
  /** Keys of the rows that are float32 still; undefined once there are codes. */
  #exact: Set<number> | undefined;
  #removed = 0;

  private constructor(
    settings: StoreSettings,
    plan: CodecPlan | undefined,
    index: FlatIndex<number>,
    exact?: Set<number>,
  ) {
    this.#settings = settings;
    this.#plan = plan;
    this.#index = index;
    this.#exact = exact;
  }

  /** No rows, of this dim. @throws DIM_MISMATCH, DIM_UNSUPPORTED, INVALID_OPTION, UNSUPPORTED_METRIC */
  static async create(settings: StoreSettings, dim: number): Promise<StoreRows> {
    const { metric } = settings;
    const index = new FlatIndex<number>(exactCodec(dim, metric), { metric });
    return new StoreRows(settings, await planOf(settings, dim), index, new Set());
  }

  /** No rows, of a codec that was made before. @throws what the codec's family throws */
  static async restore(settings: StoreSettings, state: CodecState): Promise<StoreRows> {
    const codec = await restoredCodec(settings.codec, state);
    return new StoreRows(settings, undefined, await indexOf(settings, codec));
  }

  get dim(): number {
    return this.#index.codec.dim;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Rows that went, and take room still. */
  get removed(): number {
    return this.#removed;
  }

  /** Undefined while rows are float32. */
  get codec(): Codec | undefined {
    return this.#exact ? undefined : this.#index.codec;
  }

  /** What runs now goes on over these very rows. */
  get index(): FlatIndex<number> {
    return this.#index;
  }

  stats(): IndexStats {
    return this.#index.stats();
  }

  /**
   * Rows that come while those of the keys `gone` go; nothing changes until `apply`. Keys are given in rising order.
   * @throws NOT_FINITE, INVALID_ARGUMENT (beyond float16), ABORTED
   */
  async prepare(v: Vectors, gone: readonly number[], options: WorkOptions): Promise<PreparedRows> {
    if (this.#plan && this.#exact && this.#exact.size - gone.length + v.count >= this.#plan.from) {
      const stay = new Set(this.#exact);
      for (const key of gone) stay.delete(key);
      return this.#encode(this.#plan, [...stay], v, options);
    }
    const rows = await this.#index.encode(v, options);
    return {
      rows,
      apply: (keys) => {
        this.remove(gone);
        this.load(keys, rows);
      },
    };
  }

  /** Adds rows that were written before. @throws LENGTH_MISMATCH, DUPLICATE_ID */
  load(keys: readonly number[], rows: EncodedRows): void {
    this.#index.addEncoded(keys, rows);
    for (const key of keys) this.#exact?.add(key);
  }

  /** The step from float32 to codes. */
  async #encode(
    plan: CodecPlan,
    stay: readonly number[],
    v: Vectors,
    options: WorkOptions,
  ): Promise<PreparedRows> {
    const { dim } = this;
    const data = new Float32Array((stay.length + v.count) * dim);
    stay.forEach((key, i) => {
      data.set(this.vector(key), i * dim);
    });
    data.set(v.data, stay.length * dim);
    const all = vectors(data, dim);
    const codec = plan.make(all);
    const index = await indexOf(this.#settings, codec);
    const old = await index.encode(vectors(data.subarray(0, stay.length * dim), dim), options);
    const rows = await index.encode(vectors(data.subarray(stay.length * dim), dim), options);
    return {
      rows,
      encoded: { state: codec.state(), stay: { keys: stay, rows: old } },
      apply: (keys) => {
        index.addEncoded(stay, old);
        index.addEncoded(keys, rows);
        this.#exact = undefined;
        this.replace(index);
      },
    };
  }

  remove(keys: readonly number[]): void {
    this.#removed += this.#index.remove(keys);
    for (const key of keys) this.#exact?.delete(key);
  }

  /** The min(k, matching rows) best. `allow`: keys that may be hit. @throws DIM_MISMATCH, NOT_FINITE, ABORTED */
  async search(
    query: Float32Array,
    k: number,
    allow: readonly number[] | undefined,
    options: WorkOptions = {},
  ): Promise<Match<number>[]> {
    const { oversample, rescore } = this.#settings;
    const again = rescore !== undefined && !this.#exact;
    const most = Math.max(1, this.size / k);
    const [matches] = await this.#index.searchBatch(vectors(query, query.length), k, {
      ...options,
      ...(allow ? { filter: { allow } } : {}),
      ...(again ? { rescore: true, oversample: Math.min(oversample, most) } : {}),
    });
    return matches;
  }

  /** The vector as kept, else as decoded. @throws UNKNOWN_ID */
  vector(key: number): Float32Array {
    const vector = this.#index.get(key);
    if (vector) return vector;
    throw new PithError("UNKNOWN_ID", `no row has the key ${key}`, { id: key });
  }

  /** Takes over an index of the same rows, and disposes of the one before. */
  replace(index: FlatIndex<number>): void {
    const old = this.#index;
    this.#index = index;
    this.#removed = 0;
    old[Symbol.dispose]();
  }

  /** What reads a file of these rows: it gives the very codec that is in use, and what makes the one of kept codes. */
  async families(): Promise<CodecFamily[]> {
    const { codec } = this.#index;
    const kept = this.#settings.rescore === "int8" ? await codecs.get("int8") : undefined;
    const own: CodecFamily = {
      name: codec.name,
      version: codec.version,
      summary: `the ${codec.name} codec of this store`,
      options: {},
      metrics: codec.supports.metrics,
      create: () => codec,
      restore: (state) =>
        // Kept codes may be of another codec of the same name.
        kept?.name === state.codec && !sameState(state, codec.state())
          ? kept.restore(state)
          : checkSame(codec, state),
    };
    return kept ? [own, kept] : [own];
  }

  close(): void {
    this.#index[Symbol.dispose]();
  }
}

async function planOf(settings: StoreSettings, dim: number): Promise<CodecPlan> {
  const { codec, codecOptions, metric, encodeFrom: from } = settings;
  if (typeof codec !== "string") return planOfCodec(codec, dim, from);
  if (codecOptions) return planOfName(codec, codecOptions, { dim, metric, from });
  throw new PithError(
    "INVALID_OPTION",
    "the store was made for a codec that was made already: pass it as `codec`",
    {
      option: "codec",
      expected: codec,
    },
  );
}

async function indexOf({ metric, rescore }: StoreSettings, codec: Codec): Promise<FlatIndex<number>> {
  return new FlatIndex<number>(codec, { metric, keep: await keptAs(rescore, codec.dim) });

  async function keptAs(kind: RescoreKind | undefined, dim: number): Promise<Codec | "f16" | "f32" | "none"> {
    if (kind !== "int8") return kind ?? "none";
    return (await codecs.get("int8")).create({ dim, metric });
  }
}
