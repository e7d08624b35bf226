/** A file opened for reading at any position. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PithError } from "../errors.ts";
import { corrupt } from "../format/corrupt.ts";
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
    if (this.#closed)
      throw new PithError("DISPOSED", `${quotePath(this.path)} was closed`, { path: this.path });
    const bytes = this.#allocate(length);
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
    return bytes;
  }

  #allocate(length: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(length);
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
