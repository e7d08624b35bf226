/**
 * A collection into a Pith file: codes of the modes that keep them, vectors of the mode "server". Rows come in the order of the
 * database's ids and go out in that of the file that they were pushed from (rows without a place there last, by the
 * database's order), so that push and pull give the same file. What comes is spooled to an unnamed file on the target's
 * disk: memory holds the ids and four bytes a row.
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  codecStamp,
  type Id,
  type IdColumn,
  IdColumnBuilder,
  type IdType,
  PithError,
  stateTensors,
} from "@pith/codec-core";
import { createPithFile, type PithPlan, withPath } from "@pith/codec-core/files";
import type { RemoteCollection } from "./collection.ts";
import { abortIf } from "./retry.ts";
import type { StoredRows } from "./scroll.ts";

export interface PullOptions {
  /** Rows in a request, 1 to 10,000. Default 256. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface PullReport {
  readonly count: number;
  /** "codes", or "vectors" of the mode "server". */
  readonly kind: "codes" | "vectors";
  readonly fileBytes: number;
  readonly seconds: number;
}

/** Bytes that are copied from the spool at once. */
const COPY_BYTES: number = 4 * 2 ** 20;

/**
 * Nothing is at `path` until all of it is there and right. Begins anew each time.
 * @throws CORRUPT_CODES, CHECKSUM_MISMATCH and others naming the point; PARTIAL_FAILURE where the collection changed
 * meanwhile; EMPTY_INPUT, DUPLICATE_ID, IO, ABORTED, and what requests throw
 */
export async function pullFile(
  collection: RemoteCollection,
  path: string,
  options: PullOptions = {},
): Promise<PullReport> {
  const begun = performance.now();
  const { signal } = options;
  const spool = await Spool.open(path);
  try {
    const total = await collection.count({ signal });
    const pulled = new Pulled(collection.ids === "row" ? "number" : collection.ids);
    const kind = collection.mode === "server" ? "vectors" : "codes";
    for await (const block of collection.scroll({
      batch: options.batch,
      vectors: kind === "vectors",
      signal,
    })) {
      await spool.append(bytesOf(block, kind));
      pulled.add(block);
      options.onProgress?.(pulled.count, Math.max(total, pulled.count));
    }
    const after = await collection.count({ signal });
    if (pulled.count !== after)
      throw new PithError(
        "PARTIAL_FAILURE",
        `collection "${collection.name}" has ${after} rows, ${pulled.count} came: it changed meanwhile, or the server lost some`,
        {
          expected: after,
          actual: pulled.count,
        },
      );
    if (pulled.count === 0) throw new PithError("EMPTY_INPUT", `collection "${collection.name}" is empty`);
    const order = pulled.order();
    const ids = pulled.ids(order, collection.ids === "row");
    ids?.checkUnique();
    const stride = kind === "codes" ? collection.codec.stride : 4 * collection.dim;
    const plan = planOf(collection, kind, pulled.count, ids);
    await using file = await createPithFile(path, plan, { signal });
    for await (const bytes of spool.rows(order, stride, signal)) await file.write(kind, bytes);
    await file.commit();
    return {
      count: pulled.count,
      kind,
      fileBytes: file.fileBytes,
      seconds: (performance.now() - begun) / 1000,
    };
  } finally {
    await spool.close();
  }
}

function planOf(
  collection: RemoteCollection,
  kind: "codes" | "vectors",
  count: number,
  ids: IdColumn | undefined,
): PithPlan {
  const { codec, dim } = collection;
  const common = { kind, dim, count, metric: codec.metric, ...(ids ? { idType: ids.type } : {}) };
  if (kind === "vectors")
    return { ...common, tensors: { ...ids?.tensors(), vectors: { dtype: "F32", shape: [count, dim] } } };
  const state = codec.state();
  return {
    ...common,
    codec: codecStamp(state),
    tensors: {
      ...stateTensors(state),
      ...ids?.tensors(),
      codes: { dtype: "U8", shape: [count, codec.stride] },
    },
  };
}

function bytesOf({ codes, vectors }: StoredRows, kind: "codes" | "vectors"): Uint8Array {
  if (kind === "codes") return codes?.bytes ?? new Uint8Array(0);
  const data = vectors?.data ?? new Float32Array(0);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Ids and places of rows, in the order in which they came. */
class Pulled {
  readonly #ids: IdColumnBuilder;
  #rows = new Uint32Array(1024);
  #count = 0;

  constructor(type: IdType) {
    this.#ids = new IdColumnBuilder(type);
  }

  get count(): number {
    return this.#count;
  }

  add({ ids, rows }: StoredRows): void {
    for (const id of ids) this.#ids.push(id);
    if (this.#count + rows.length > this.#rows.length) {
      const grown = new Uint32Array(2 * (this.#count + rows.length));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows.set(rows, this.#count);
    this.#count += rows.length;
  }

  /** Of each row of the file when it came; equal places as they came. */
  order(): Uint32Array {
    const rows = this.#rows;
    return Uint32Array.from({ length: this.#count }, (_, i) => i).sort((a, b) => rows[a] - rows[b] || a - b);
  }

  /** Ids in the order of the file. Row numbers that are those of the file itself need not be written. */
  ids(order: Uint32Array, rowNumbers: boolean): IdColumn | undefined {
    const came = this.#ids.finish();
    if (rowNumbers && order.every((at, row) => came.at(at) === row)) return undefined;
    const sorted = new IdColumnBuilder(came.type);
    for (const at of order) sorted.push(came.at(at) as Id);
    return sorted.finish();
  }
}

/** A file without a name: gone with the process, however that ends. */
class Spool {
  readonly #file: FileHandle;
  readonly #path: string;
  #bytes = 0;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  static async open(target: string): Promise<Spool> {
    const name = join(dirname(target), `.pith-pull-${randomBytes(6).toString("hex")}.tmp`);
    try {
      const file = await open(name, "wx+", 0o600);
      await unlink(name);
      return new Spool(file, target);
    } catch (error) {
      throw failed(error, target);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#bytes + at);
        at += bytesWritten;
      }
    } catch (error) {
      throw failed(error, this.#path);
    }
    this.#bytes += bytes.length;
  }

  /** Rows of `stride` bytes in this order, many at a time; runs that lie side by side are read at once. */
  async *rows(
    order: Uint32Array,
    stride: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const most = Math.max(1, Math.floor(COPY_BYTES / stride));
    for (let at = 0; at < order.length; at += most) {
      abortIf(signal);
      const part = order.subarray(at, at + most);
      const bytes = new Uint8Array(part.length * stride);
      for (let i = 0; i < part.length; ) {
        let end = i + 1;
        while (end < part.length && part[end] === part[end - 1] + 1) end++;
        await this.#read(bytes.subarray(i * stride, end * stride), part[i] * stride);
        i = end;
      }
      yield bytes;
    }
  }

  async #read(into: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < into.length; ) {
      const { bytesRead } = await this.#file.read(into, at, into.length - at, position + at);
      if (bytesRead === 0)
        throw withPath(new PithError("IO", "what was pulled can't be read back"), this.#path);
      at += bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function failed(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return withPath(new PithError("IO", `can't write beside it: ${code ?? message}`, { errno: code }), path);
}
