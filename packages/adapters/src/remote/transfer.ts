/**
 * Rows to a database, in batches, several requests at a time. A request that may pass later is tried again; one that is too large, or
 * that the server refuses, is cut in halves until the rows that don't pass stand alone. Ends with a check: the points are
 * counted and the checksums of a seeded sample read back.
 *
 * A point is stored whole or not at all and by its id, so storing a row again does no harm: a push that was cut short is gone on with
 * by pushing again, with `resume` without sending what is there.
 */
import { type Id, isPithError, PithError } from "@pith/codec-core";
import type { CollectionPlan, Database, Point, PointId, RemoteIds } from "./database.ts";
import { NO_ROW } from "./envelope.ts";
import { pointOf } from "./point-id.ts";
import { type FailedRow, type PushCheck, type PushReport, pushFailure, sampleRows } from "./report.ts";
import { abortIf, type Retrier } from "./retry.ts";
import { blockCount, idsOfSource, makePoints, type PushSource, type RowBlock, sliceBlock } from "./rows.ts";

export interface PushOptions {
  /** Rows in a request, 1 to 10,000. Default 256. */
  readonly batch?: number | undefined;
  /** Requests at a time, 1 to 64. Default 2. */
  readonly concurrency?: number | undefined;
  /** Ask first which rows are there already with the same checksum, and leave those out. */
  readonly resume?: boolean | undefined;
  /** Row to begin with, as `nextRow` of an earlier report. Default 0. */
  readonly from?: number | undefined;
  /** Rows whose checksums are read back. Default 256. */
  readonly sample?: number | undefined;
  /** Of the choice of these rows. Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows that are done, stored, skipped or failed. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Rows that a server may refuse before the push is given up. */
const MOST_REFUSED = 64;

export class Push {
  readonly #database: Database;
  readonly #plan: CollectionPlan;
  readonly #retrier: Retrier;
  readonly #source: PushSource;
  readonly #batch: number;
  readonly #concurrency: number;
  readonly #resume: boolean;
  readonly #from: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((done: number, total: number) => void) | undefined;
  readonly #sampled = new Map<number, string>();
  readonly #wanted: ReadonlySet<number>;
  readonly #failed: FailedRow[] = [];
  #stored = 0;
  #skipped = 0;
  #retries = 0;
  #nextRow: number;
  /** Why nothing more is sent. */
  #fatal: unknown;
  readonly #start = performance.now();

  /** @throws INVALID_OPTION, ID_COUNT_MISMATCH, DUPLICATE_ID naming both rows, COLLECTION_MISMATCH (ids of another type) */
  constructor(
    database: Database,
    plan: CollectionPlan,
    ids: RemoteIds,
    retrier: Retrier,
    source: PushSource,
    options: PushOptions = {},
  ) {
    this.#database = database;
    this.#plan = plan;
    this.#retrier = retrier;
    this.#source = source;
    const { count } = source;
    const { batch, concurrency, from, sample, seed } = integers(options, {
      batch: [256, 1, 10_000],
      concurrency: [2, 1, 64],
      from: [0, 0, count],
      sample: [256, 0, 2 ** 20],
      seed: [1, 0, Number.MAX_SAFE_INTEGER],
    });
    this.#batch = batch;
    this.#concurrency = concurrency;
    this.#resume = options.resume ?? false;
    this.#from = from;
    this.#nextRow = from;
    this.#signal = options.signal;
    this.#onProgress = options.onProgress;
    source.ids?.checkCount(count);
    source.ids?.checkUnique();
    const actual = idsOfSource(source.ids);
    if (actual !== ids)
      throw new PithError(
        "COLLECTION_MISMATCH",
        `the collection's ids are of the type ${ids}, got ${actual}`,
        {
          expected: ids,
          actual,
        },
      );
    this.#wanted = sampleRows(from, count, sample, seed);
  }

  /**
   * @throws PARTIAL_FAILURE where some rows are there and others aren't; UNAVAILABLE, UNAUTHORIZED, LIMIT_EXCEEDED, REMOTE_REFUSED
   * where none is, ABORTED, and what is wrong with the rows: all with `details.report`
   */
  async run(): Promise<PushReport> {
    let check: PushCheck;
    try {
      const before = await this.#send(() => this.#database.count());
      await this.#pushAll();
      if (this.#fatal !== undefined) throw this.#fatal;
      check = await this.#check(before);
    } catch (error) {
      const reason = isPithError(error) ? error : new PithError("INTERNAL", String(error));
      throw pushFailure(this.#report(undefined), reason);
    }
    const report = this.#report(check);
    if (report.failed.length > 0) throw pushFailure(report, undefined);
    return report;
  }

  async #pushAll(): Promise<void> {
    const running = new Set<Promise<void>>();
    const launch = async (work: Promise<void>): Promise<void> => {
      const task: Promise<void> = work.finally(() => running.delete(task));
      running.add(task);
      if (running.size >= this.#concurrency) await Promise.race(running);
    };
    try {
      let row = this.#from;
      for await (const block of this.#source.blocks(this.#from)) {
        const count = blockCount(block);
        for (let at = 0; at < count && this.#fatal === undefined; at += this.#batch) {
          abortIf(this.#signal);
          const end = Math.min(count, at + this.#batch);
          const points = this.#points(row + at, sliceBlock(block, at, end), end - at);
          this.#nextRow = row + end;
          await launch(this.#pushBatch(row + at, points));
        }
        row += count;
        if (this.#fatal !== undefined) break;
      }
      if (this.#fatal === undefined && row !== this.#source.count)
        throw new PithError("LENGTH_MISMATCH", `expected ${this.#source.count} rows, got ${row}`, {
          expected: this.#source.count,
          actual: row,
        });
    } catch (error) {
      this.#fatal ??= error;
    }
    await Promise.all(running);
  }

  #points(row: number, block: RowBlock, count: number): Point[] {
    const ids = Array.from({ length: count }, (_, i) => this.#id(row + i));
    const { placed = true } = this.#source;
    const points = makePoints(this.#database, this.#plan, ids, placed ? (i) => row + i : () => NO_ROW, block);
    points.forEach((point, i) => {
      if (this.#wanted.has(row + i)) this.#sampled.set(row + i, point.envelope);
    });
    return points;
  }

  #id(row: number): Id {
    return this.#source.ids ? this.#source.ids.at(row) : row;
  }

  async #pushBatch(row: number, points: readonly Point[]): Promise<void> {
    const rows = new Map(points.map((point, i) => [point.id, row + i]));
    let wanted = points;
    try {
      if (this.#resume) wanted = await this.#missing(points);
      this.#skipped += points.length - wanted.length;
      await this.#store(wanted, rows);
    } catch (error) {
      this.#fail(points, rows, error);
      this.#fatal ??= error;
    }
    this.#onProgress?.(this.#stored + this.#skipped + this.#failed.length, this.#source.count - this.#from);
  }

  async #missing(points: readonly Point[]): Promise<readonly Point[]> {
    const ids = points.map(({ id }) => id);
    const there = await this.#send(() => this.#database.fetch(ids, { vector: false, payload: false }));
    const known = new Map(there.map(({ id, envelope }) => [id, envelope]));
    return points.filter(({ id, envelope }) => known.get(id) !== envelope);
  }

  /** Stores points; those that don't pass go into the report. */
  async #store(points: readonly Point[], rows: ReadonlyMap<PointId, number>): Promise<void> {
    if (points.length === 0) return;
    if (this.#fatal !== undefined) return this.#fail(points, rows, this.#fatal);
    try {
      const rejected = await this.#send(() => this.#database.upsert(points, this.#plan));
      const reasons = new Map(rejected.map(({ id, reason }) => [id, reason]));
      for (const point of points) {
        const reason = reasons.get(point.id);
        if (reason !== undefined) this.#fail([point], rows, new PithError("REMOTE_REFUSED", reason));
      }
      this.#stored += points.length - reasons.size;
    } catch (error) {
      const divisible = isPithError(error, "LIMIT_EXCEEDED") || isPithError(error, "REMOTE_REFUSED");
      if (divisible && points.length > 1) {
        const half = points.length >> 1;
        await this.#store(points.slice(0, half), rows);
        return await this.#store(points.slice(half), rows);
      }
      this.#fail(points, rows, error);
      if (!divisible || this.#failed.length >= MOST_REFUSED) this.#fatal ??= error;
    }
  }

  #fail(points: readonly Point[], rows: ReadonlyMap<PointId, number>, error: unknown): void {
    const { code, message } = isPithError(error) ? error : new PithError("INTERNAL", String(error));
    for (const { id } of points) {
      const row = rows.get(id) as number;
      this.#failed.push({ row, id: this.#id(row), code, reason: message });
    }
  }

  async #check(before: number): Promise<PushCheck> {
    const { count } = this.#source;
    const known = new Set(this.#failed.map(({ row }) => row));
    const rows = [...this.#sampled.keys()].filter((row) => !known.has(row));
    await this.#compare(rows, (row) => this.#sampled.get(row));
    const points = await this.#send(() => this.#database.count());
    const done = this.#stored + this.#skipped;
    // In a collection that was empty nothing else can be counted; in another one a count shows no loss of these rows.
    if (before > 0 || points < done) {
      const all = Array.from({ length: count - this.#from }, (_, i) => this.#from + i);
      await this.#compare(
        all.filter((row) => !known.has(row) && !this.#sampled.has(row)),
        () => undefined,
      );
    }
    return { points, sampled: rows.length };
  }

  /** Reads rows back; those that aren't there, or not as sent (where that is known), go into the report. */
  async #compare(rows: readonly number[], expected: (row: number) => string | undefined): Promise<void> {
    for (let at = 0; at < rows.length; at += this.#batch) {
      const part = rows.slice(at, at + this.#batch);
      const ids = part.map((row) => pointOf(this.#id(row), this.#database.integerIds).id);
      const found = await this.#send(() => this.#database.fetch(ids, { vector: false, payload: false }));
      const envelopes = new Map(found.map(({ id, envelope }) => [id, envelope]));
      part.forEach((row, i) => {
        const wanted = expected(row);
        const there = envelopes.has(ids[i]);
        if (there && (wanted === undefined || envelopes.get(ids[i]) === wanted)) return;
        const reason = there
          ? "what was read back isn't what was sent"
          : "the database took it and doesn't have it";
        this.#failed.push({
          row,
          id: this.#id(row),
          code: there ? "CHECKSUM_MISMATCH" : "UNKNOWN_ID",
          reason,
        });
        this.#stored = Math.max(0, this.#stored - 1);
      });
    }
  }

  #send<T>(request: () => Promise<T>): Promise<T> {
    return this.#retrier.run(request, this.#signal, () => void this.#retries++);
  }

  #report(check: PushCheck | undefined): PushReport {
    return {
      rows: this.#source.count,
      stored: this.#stored,
      skipped: this.#skipped,
      failed: this.#failed.toSorted((a, b) => a.row - b.row),
      nextRow: this.#nextRow,
      retries: this.#retries,
      seconds: (performance.now() - this.#start) / 1000,
      check,
    };
  }
}

/** Options that are integers: each with its default, the least and the most. @throws INVALID_OPTION */
function integers<Name extends keyof PushOptions>(
  options: PushOptions,
  bounds: { readonly [N in Name]: readonly [otherwise: number, least: number, most: number] },
): { [N in Name]: number } {
  const read = (option: Name): number => {
    const [otherwise, least, most] = bounds[option];
    const value: unknown = options[option] ?? otherwise;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    const text = `${option}: expected an integer from ${least} to ${most}, got ${String(value)}`;
    throw new PithError("INVALID_OPTION", text, { option, actual: value });
  };
  const names = Object.keys(bounds) as Name[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as { [N in Name]: number };
}
