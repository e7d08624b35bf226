/**
 * Writes a file so that a kill at any moment leaves the old one or the new one: into a temporary file beside the target,
 * then fsync, rename over the target, and fsync of the folder. The temporary file is removed on every failure, on abort and
 * when the process exits; only a kill that no program can catch leaves it behind.
 */
import { randomBytes } from "node:crypto";
import { unlinkSync } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PithError } from "../errors.ts";
import { corrupt } from "../format/corrupt.ts";
import { quotePath, writeError } from "./io-error.ts";
import { existing, followLinks, keepOwner, syncFolder } from "./target.ts";

/** File systems take names of 255 bytes; a character has up to four. */
const MAX_NAME = 50;

export interface WriteOptions {
  /** Aborting removes the temporary file; the call under way and all later ones throw ABORTED. */
  readonly signal?: AbortSignal | undefined;
}

/** For files that a later run may go on with. */
export interface TemporaryOptions extends WriteOptions {
  /** Sixteen hex digits that tell this temporary file from others; default random ones. */
  readonly tag?: string | undefined;
  /** Leaves the temporary file where it is on failure, abort and exit. */
  readonly keep?: boolean | undefined;
}

/** Sixteen random hex digits. */
export function randomTag(): string {
  return randomBytes(8).toString("hex");
}

/** Where a temporary file for a target stands. */
export function temporaryPath(target: string, tag: string, ending: string): string {
  return join(dirname(target), `.${basename(target).slice(0, MAX_NAME)}.${tag}.${ending}`);
}

export class SafeFile implements AsyncDisposable {
  readonly path: string;
  readonly #target: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;
  readonly #keep: boolean;
  readonly #onAbort = (): void => void this.abort();
  #state: "open" | "committed" | "aborted" = "open";
  #cleanUp: Promise<void> | undefined;

  private constructor(
    path: string,
    target: string,
    temporary: string,
    handle: FileHandle,
    { signal, keep = false }: TemporaryOptions,
  ) {
    this.path = path;
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#signal = signal;
    this.#keep = keep;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Opens the temporary file, of `size` bytes of zeros. A symbolic link is followed: what it names is replaced. A file that
   * is there already keeps its permissions. @throws NOT_A_FILE, IO, ABORTED
   */
  static async create(path: string, size: number, options: TemporaryOptions = {}): Promise<SafeFile> {
    const { signal, tag = randomTag(), keep = false } = options;
    if (signal?.aborted) throw aborted(path, signal);
    let temporary: string | undefined;
    let handle: FileHandle | undefined;
    try {
      const target = await followLinks(path);
      const old = await existing(target);
      const file = temporaryPath(target, tag, "tmp");
      // A file with narrower permissions than the default is never readable by others, not even while it is written.
      handle = await open(file, "wx+", old ? 0o600 : 0o666);
      temporary = file;
      if (!keep) live.add(file);
      if (old) await keepOwner(handle, old);
      if (size > 0) await handle.truncate(size);
      if (signal?.aborted) throw aborted(path, signal);
      return new SafeFile(path, target, file, handle, options);
    } catch (error) {
      await handle?.close().catch(ignore);
      if (temporary) await remove(temporary);
      throw writeError(error, path);
    }
  }

  /** Opens a temporary file that an earlier run left behind, as it is. @throws IO, CORRUPT_FILE (of another size), ABORTED */
  static async reopen(
    path: string,
    size: number,
    options: TemporaryOptions & { tag: string },
  ): Promise<SafeFile> {
    const { signal, tag, keep = false } = options;
    if (signal?.aborted) throw aborted(path, signal);
    let handle: FileHandle | undefined;
    try {
      const target = await followLinks(path);
      await existing(target);
      const file = temporaryPath(target, tag, "tmp");
      handle = await open(file, "r+");
      const actual = (await handle.stat()).size;
      if (actual !== size)
        throw corrupt(`the unfinished file has ${actual} bytes, not ${size}`, { expected: size, actual });
      if (!keep) live.add(file);
      return new SafeFile(path, target, file, handle, options);
    } catch (error) {
      await handle?.close().catch(ignore);
      throw writeError(error, path);
    }
  }

  /** Up to `length` bytes of what was written; fewer at the end. @throws IO, ABORTED, DISPOSED */
  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let got = 0;
    await this.#guard(async () => {
      got = (await this.#handle.read(bytes, 0, length, position)).bytesRead;
    });
    return bytes.subarray(0, got);
  }

  /** Writes all of `bytes` at `position`. @throws IO, ABORTED, DISPOSED; the temporary file is gone then */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#guard(() => writeFully(this.#handle, bytes, position));
  }

  /** Makes the new file the one at the path. @throws IO, ABORTED, DISPOSED; the old file is untouched then */
  async commit(): Promise<void> {
    await this.#guard(async () => {
      await this.#handle.sync();
      this.#check();
      await this.#handle.close();
      await rename(this.#temporary, this.#target);
      this.#state = "committed";
      this.#forget();
      await syncFolder(dirname(this.#target));
    });
  }

  /** Removes the temporary file. Does nothing after `commit`. */
  async abort(): Promise<void> {
    if (this.#state === "committed") return;
    this.#state = "aborted";
    this.#cleanUp ??= (async () => {
      await this.#handle.close().catch(ignore);
      if (!this.#keep) await remove(this.#temporary);
      this.#forget();
    })();
    await this.#cleanUp;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  #check(): void {
    if (this.#signal?.aborted) throw aborted(this.path, this.#signal);
    if (this.#state !== "open")
      throw new PithError("DISPOSED", `the file was ${this.#state} already`, { path: this.path });
  }

  async #guard(action: () => Promise<void>): Promise<void> {
    try {
      this.#check();
      await action();
      if (this.#state === "aborted") this.#check();
    } catch (error) {
      const cause = this.#signal?.aborted ? aborted(this.path, this.#signal) : error;
      await this.abort();
      throw writeError(cause, this.path);
    }
  }

  #forget(): void {
    live.delete(this.#temporary);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** The part of a file handle that writing needs. */
export interface PositionalWriter {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
}

/** Writes until all bytes are written: one call of the system may take fewer than it was given. */
export async function writeFully(
  handle: PositionalWriter,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  const LARGEST = 64 * 2 ** 20;
  for (let done = 0; done < bytes.length; ) {
    const want = Math.min(bytes.length - done, LARGEST);
    const { bytesWritten } = await handle.write(bytes, done, want, position + done);
    if (bytesWritten === 0) throw new PithError("IO", "the system wrote nothing");
    done += bytesWritten;
  }
}

/** Temporary files of this process, removed when it exits in the middle. */
export const live: {
  readonly paths: Set<string>;
  add(path: string): void;
  delete(path: string): void;
} = {
  paths: new Set<string>(),
  add(path: string): void {
    if (this.paths.size === 0) process.on("exit", removeAll);
    this.paths.add(path);
  },
  delete(path: string): void {
    this.paths.delete(path);
    if (this.paths.size === 0) process.off("exit", removeAll);
  },
};

function removeAll(): void {
  for (const path of live.paths) {
    try {
      unlinkSync(path);
    } catch {
      // Gone already, or its folder is: nothing is left to remove.
    }
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(ignore);
  live.delete(path);
}

function ignore(): void {}

function aborted(path: string, signal: AbortSignal): PithError {
  return new PithError(
    "ABORTED",
    `writing ${quotePath(path)} was aborted`,
    { path },
    { cause: signal.reason },
  );
}
