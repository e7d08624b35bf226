/** A file opened for reading at any position. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PithError } from "../errors.ts";
import { corrupt } from "../format/corrupt.ts";
import { kernels } from "../kernels/backend.ts";
import { loadNative } from "../kernels/native.ts";
import { pin, sharedBytes } from "../kernels/pinned.ts";
import { quotePath, readError, withPath } from "./io-error.ts";

/** One call of the system reads at most 2 GiB; this is far below, and keeps calls from blocking a thread for long. */
const READ_BYTES = 64 * 2 ** 20;

export class InputFile implements AsyncDisposable {
  readonly path: string;
  /** Size at the time of opening. */
  readonly size: number;
  readonly #handle: FileHandle;
  #closed = false;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws FILE_NOT_FOUND, NOT_A_FILE (folders, devices, pipes), IO */
  static async open(path: string): Promise<InputFile> {
    let handle: FileHandle | undefined;
    try {
      // Without O_NONBLOCK, opening a pipe waits for its writer.
      handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stat = await handle.stat();
      if (!stat.isFile())
        throw new PithError("NOT_A_FILE", stat.isDirectory() ? "it is a folder" : "it is no regular file");
      return new InputFile(path, stat.size, handle);
    } catch (error) {
      await handle?.close();
      throw readError(error, path);
    }
  }

  /**
   * `length` bytes from `position` on, in memory of their own. The caller has checked them against `size`.
   * @throws CORRUPT_FILE where the file became shorter, LIMIT_EXCEEDED where they don't fit into memory, DISPOSED, IO
   */
  async read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    this.checkOpen();
    const bytes = this.#allocate(length, (n) => new Uint8Array(n));
    await this.#fill(bytes, position);
    return bytes;
  }

  /** The whole file in memory that other threads may read. @throws as `read` */
  async readShared(): Promise<Uint8Array> {
    this.checkOpen();
    const bytes = this.#allocate(this.size, sharedBytes);
    await this.#fill(bytes, 0);
    return bytes;
  }

  /** The open file, which is the caller's to close from now on. @throws DISPOSED */
  take(): FileHandle {
    this.checkOpen();
    this.#closed = true;
    return this.#handle;
  }

  /**
   * The whole file mapped into memory; undefined where that can't be: without the native backend, on Windows, or where
   * the system refuses. It stays until the garbage collector takes the last view of it, also after `close`.
   */
  map(): ArrayBuffer | undefined {
    this.checkOpen();
    const native = loadNative();
    if (kernels().backend !== "native" || !("isas" in native) || this.size === 0) return undefined;
    try {
      return pin(native.mapFile(this.#handle.fd, this.size));
    } catch {
      return undefined;
    }
  }

  /** @throws DISPOSED */
  checkOpen(): void {
    if (this.#closed)
      throw new PithError("DISPOSED", `${quotePath(this.path)} was closed`, { path: this.path });
  }

  async #fill(bytes: Uint8Array, position: number): Promise<void> {
    const { length } = bytes;
    for (let done = 0; done < length; ) {
      const want = Math.min(length - done, READ_BYTES);
      let got: number;
      try {
        got = (await this.#handle.read(bytes, done, want, position + done)).bytesRead;
      } catch (error) {
        throw readError(error, this.path);
      }
      if (got === 0) throw withPath(corrupt("the file became shorter while it was read"), this.path);
      done += got;
    }
  }

  #allocate<B extends Uint8Array>(length: number, make: (length: number) => B): B {
    try {
      return make(length);
    } catch (error) {
      throw new PithError(
        "LIMIT_EXCEEDED",
        `${quotePath(this.path)}: ${length} bytes don't fit into memory at once; read them in blocks`,
        { path: this.path, actual: length },
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A whole file. @throws FILE_NOT_FOUND, NOT_A_FILE, LIMIT_EXCEEDED, IO */
export async function readWholeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  await using file = await InputFile.open(path);
  return await file.read(0, file.size);
}
