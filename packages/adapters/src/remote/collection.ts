/** A collection of a database that holds Pith's codes: pushed, pulled, searched, counted, deleted. */
import {
  type Codec,
  type CodecRegistry,
  checkCodes,
  checkVectors,
  type Id,
  IdColumn,
  PithError,
  quote,
} from "@pith/codec-core";
import { defaultCodecs } from "./codecs.ts";
import type {
  CollectionPlan,
  Database,
  Mode,
  PointId,
  RemoteIds,
  Settings,
  StoredPoint,
  Wanted,
} from "./database.ts";
import {
  fingerprint,
  isManifest,
  type Manifest,
  readManifest,
  sameCodec,
  writeManifest,
} from "./manifest.ts";
import { pointOf } from "./point-id.ts";
import type { PushReport } from "./report.ts";
import { Retrier, type RetryOptions } from "./retry.ts";
import { blockCount, checkPayload, type PushSource, type RowBlock, sliceBlock } from "./rows.ts";
import { openRows, type ScrollOptions, type StoredRows, scrollRows } from "./scroll.ts";
import { type RemoteHit, type RemoteSearchOptions, searchCollection } from "./search.ts";
import { Push, type PushOptions } from "./transfer.ts";

export interface OpenRemoteOptions {
  /** Codecs that a collection may have been made with. Default: those of Pith. */
  readonly codecs?: CodecRegistry | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreateRemoteOptions extends OpenRemoteOptions {
  readonly codec: Codec;
  readonly mode: Mode;
  /** Type of the ids; "row" for none but row numbers. Default "string". */
  readonly ids?: RemoteIds | undefined;
}

/** What a fetch by ids found. */
export interface FetchedRows extends StoredRows {
  /** Ids that aren't there, as they were asked for. */
  readonly missing: readonly Id[];
}

/** Ids in one request. */
const FETCH = 512;

export class RemoteCollection {
  readonly codec: Codec;
  readonly mode: Mode;
  /** Type of the ids that it takes. */
  readonly ids: RemoteIds;
  /** What the server says that it does, as read back when the collection was opened. */
  readonly settings: Settings;
  readonly #database: Database;
  readonly #plan: CollectionPlan;
  readonly #retrier: Retrier;

  private constructor(database: Database, { plan, ids }: Manifest, settings: Settings, retrier: Retrier) {
    this.codec = plan.codec;
    this.mode = plan.mode;
    this.ids = ids;
    this.settings = settings;
    this.#database = database;
    this.#plan = plan;
    this.#retrier = retrier;
  }

  /**
   * Makes a collection; its manifest is stored first, so that no vector ever stands without the codec that reads it.
   * @throws COLLECTION_MISMATCH where there is one already, or where the server doesn't do as told; NOT_SUPPORTED (a mode that the
   * database, the metric or the codec doesn't go with), and what requests throw
   */
  static async create(database: Database, options: CreateRemoteOptions): Promise<RemoteCollection> {
    const { codec, mode, ids = "string", signal } = options;
    const retrier = new Retrier(database, options.retry);
    if (!database.modes.includes(mode))
      throw new PithError(
        "NOT_SUPPORTED",
        `${database.product} has no mode ${quote(String(mode))}, but ${database.modes.join(", ")}`,
        {
          mode,
        },
      );
    const intent = { mode, dim: codec.dim, metric: codec.metric, codec };
    const plan = { ...intent, native: database.choose(intent) };
    if (await retrier.run(() => database.exists(), signal)) throw exists(database);
    // What a kill left of an earlier making is replaced; someone else's collection of that name isn't.
    const old = await retrier.run(() => database.loadManifest(), signal);
    if (old !== undefined && !isManifest(old))
      throw new PithError(
        "COLLECTION_MISMATCH",
        `${database.product}: what stands in the place of the manifest of ${quote(database.collection)} is none of Pith's`,
        { collection: database.collection },
      );
    await retrier.run(() => database.saveManifest(writeManifest({ plan, ids })), signal);
    let attempts = 0;
    await retrier.run(async () => {
      const again = attempts++ > 0;
      // An attempt whose answer was lost has made it, or is still at it.
      if (again && (await database.exists())) return;
      await database.create(plan).catch(async (error: unknown) => {
        if (!again || !(await database.exists())) throw error;
      });
    }, signal);
    return await RemoteCollection.open(database, options);
  }

  /**
   * Opens a collection that `create` made, and checks what it says of itself against what the server says.
   * @throws COLLECTION_MISMATCH (none, not one of ours, other settings), DIM_MISMATCH, what `readManifest` and requests throw
   */
  static async open(database: Database, options: OpenRemoteOptions = {}): Promise<RemoteCollection> {
    const { codecs = defaultCodecs, signal } = options;
    const retrier = new Retrier(database, options.retry);
    const at = `${database.product}, collection ${quote(database.collection)}`;
    if (!(await retrier.run(() => database.exists(), signal)))
      throw new PithError("COLLECTION_MISMATCH", `${at}: there is none`, {
        collection: database.collection,
        exists: false,
      });
    const parts = await retrier.run(() => database.loadManifest(), signal);
    if (parts === undefined)
      throw new PithError("COLLECTION_MISMATCH", `${at}: not one of Pith's, it has no manifest`, {
        collection: database.collection,
      });
    const manifest = await readManifest(parts, codecs);
    const settings = await retrier.run(() => database.verify(manifest.plan), signal);
    return new RemoteCollection(database, manifest, settings, retrier);
  }

  /**
   * Opens the collection, or makes it where there is none.
   * @throws DIM_MISMATCH, CODEC_MISMATCH, COLLECTION_MISMATCH where there is one of another dim, metric, codec, mode or type of ids
   */
  static async openOrCreate(database: Database, options: CreateRemoteOptions): Promise<RemoteCollection> {
    const retrier = new Retrier(database, options.retry);
    if (!(await retrier.run(() => database.exists(), options.signal)))
      return await RemoteCollection.create(database, options);
    const found = await RemoteCollection.open(database, options);
    found.expect(options);
    return found;
  }

  get dim(): number {
    return this.codec.dim;
  }

  /** The database's name for it. */
  get name(): string {
    return this.#database.collection;
  }

  /** @throws DIM_MISMATCH, CODEC_MISMATCH, COLLECTION_MISMATCH unless this is what is asked for */
  expect({ codec, mode, ids = "string" }: Pick<CreateRemoteOptions, "codec" | "mode" | "ids">): void {
    const differ = (what: string, expected: unknown, actual: unknown): PithError =>
      new PithError(
        what === "dim" ? "DIM_MISMATCH" : what === "codec" ? "CODEC_MISMATCH" : "COLLECTION_MISMATCH",
        `collection ${quote(this.name)}: its ${what} is ${String(actual)}, expected ${String(expected)}`,
        { what, expected, actual },
      );
    const pairs = [
      ["dim", codec.dim, this.dim],
      ["metric", codec.metric, this.codec.metric],
      ["codec", codec.name, this.codec.name],
      ["mode", mode, this.mode],
      ["type of ids", ids, this.ids],
    ] as const;
    for (const [what, expected, actual] of pairs)
      if (expected !== actual) throw differ(what, expected, actual);
    if (!sameCodec(codec, this.codec))
      throw differ(
        "codec",
        `${codec.name} of state ${fingerprint(codec)}`,
        `one of state ${fingerprint(this.codec)}`,
      );
  }

  /**
   * Stores rows, replacing those with the same ids. See `Push`.
   * @throws PARTIAL_FAILURE and others, with `details.report`
   */
  async push(source: PushSource, options: PushOptions = {}): Promise<PushReport> {
    return await new Push(this.#database, this.#plan, this.ids, this.#retrier, source, options).run();
  }

  /** Stores a few rows that have no place in a file. @throws as `push`; ID_COUNT_MISMATCH */
  async upsert(ids: readonly Id[], rows: RowBlock, options: PushOptions = {}): Promise<PushReport> {
    const count = blockCount(rows);
    // All of it before any: what a push in batches would find half-way.
    if (rows.vectors) checkVectors(rows.vectors, this.dim);
    if (rows.codes) checkCodes(rows.codes, this.codec.stride);
    rows.payloads?.forEach((payload, i) => {
      if (payload) checkPayload(payload, ids[i]);
    });
    const column = IdColumn.from(ids, this.ids === "row" ? "number" : this.ids);
    return await this.push(
      { count, ids: column, placed: false, blocks: (start) => [sliceFrom(rows, start)] },
      options,
    );
  }

  /** All rows, in blocks. @throws CORRUPT_CODES, CHECKSUM_MISMATCH and others naming the point; what requests throw */
  scroll(options: ScrollOptions = {}): AsyncGenerator<StoredRows, void, undefined> {
    return scrollRows(this.#database, this.#plan, this.ids, this.#retrier, options);
  }

  /** Rows by ids, in the order asked for; those that aren't there stand in `missing`. @throws as `scroll` */
  async fetch(ids: readonly Id[], options: Omit<ScrollOptions, "batch"> = {}): Promise<FetchedRows> {
    const { vectors = false, payloads = false, signal } = options;
    const wanted = { vector: vectors || this.mode === "code-as-vector", payload: payloads };
    const { found, missing } = await this.#find(ids, wanted, signal);
    return { ...openRows(this.#database, this.#plan, this.ids, found, vectors), missing };
  }

  /** Deletes rows; the number of those that were there. @throws what requests throw */
  async delete(
    ids: readonly Id[],
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<number> {
    const { found } = await this.#find(ids, { vector: false, payload: false }, signal);
    const points = [...new Set(found.map(({ id }) => id))];
    for (let at = 0; at < points.length; at += FETCH)
      await this.#retrier.run(() => this.#database.remove(points.slice(at, at + FETCH)), signal);
    return points.length;
  }

  /** Rows in the collection. @throws what requests throw */
  async count({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<number> {
    return await this.#retrier.run(() => this.#database.count(), signal);
  }

  /** The nearest rows, best first. @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT, NOT_SUPPORTED (mode "payload"), what requests throw */
  async search(query: Float32Array, k: number, options: RemoteSearchOptions = {}): Promise<RemoteHit[]> {
    return await searchCollection(this.#database, this.#plan, this.ids, this.#retrier, query, k, options);
  }

  /** Deletes the collection and its manifest. @throws what requests throw */
  async drop({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#retrier.run(() => this.#database.drop(), signal);
  }

  async #find(
    ids: readonly Id[],
    wanted: Wanted,
    signal?: AbortSignal,
  ): Promise<{ found: StoredPoint[]; missing: Id[] }> {
    const points = ids.map((id) => pointOf(id, this.#database.integerIds).id);
    const byId = new Map<PointId, StoredPoint>();
    for (let at = 0; at < points.length; at += FETCH) {
      const part = [...new Set(points.slice(at, at + FETCH))];
      for (const point of await this.#retrier.run(() => this.#database.fetch(part, wanted), signal))
        byId.set(point.id, point);
    }
    const found = points.flatMap((id) => byId.get(id) ?? []);
    return { found, missing: ids.filter((_, i) => !byId.has(points[i])) };
  }
}

function sliceFrom(rows: RowBlock, start: number): RowBlock {
  return start === 0 ? rows : sliceBlock(rows, start, blockCount(rows));
}

function exists(database: Database): PithError {
  return new PithError(
    "COLLECTION_MISMATCH",
    `${database.product}, collection ${quote(database.collection)}: there is one already`,
    {
      collection: database.collection,
      exists: true,
    },
  );
}
