/**
 * Reads a Pith file in parts: the header at once, tensors whole or in blocks of rows. Nothing is allocated that the file's
 * true size doesn't justify.
 */
import type { Codes } from "../contract/codes.ts";
import type { CodecState, StateTensor } from "../contract/state.ts";
import { PithError } from "../errors.ts";
import { crc32c } from "../format/checksum.ts";
import { quote } from "../format/corrupt.ts";
import { headerLength, PREFIX_BYTES, type TensorInfo } from "../format/header.ts";
import type { Limits } from "../format/limits.ts";
import {
  checkCrc,
  codecState,
  idsOf,
  type PithContents,
  type PithHeader,
  parsePithHeader,
  rescoreState,
} from "../format/pith.ts";
import type { PithInfo } from "../format/profile.ts";
import { tensorRole } from "../format/tensor-names.ts";
import type { IdColumn } from "../ids.ts";
import { InputFile } from "./input-file.ts";
import { withPath } from "./io-error.ts";
import { type RowRange, rowBlocks } from "./row-blocks.ts";

export interface OpenOptions {
  readonly limits?: Limits | undefined;
  /**
   * "full" (the default) reads the file once and verifies every checksum before it opens; "header" verifies the header, and
   * each tensor when it is read whole or from its first row to its last.
   */
  readonly verify?: "full" | "header" | undefined;
}

/** Rows `start` to `start + count` of a tensor, as bytes. */
export interface CodeBlock extends Codes {
  readonly start: number;
}

const VERIFY_BYTES = 4 * 2 ** 20;

/**
 * @throws FILE_NOT_FOUND, NOT_A_FILE, EMPTY_INPUT, CORRUPT_FILE, CHECKSUM_MISMATCH, UNSUPPORTED_FORMAT, VERSION_UNSUPPORTED,
 * LIMIT_EXCEEDED, IO
 */
export async function openPith(
  path: string,
  { limits, verify = "full" }: OpenOptions = {},
): Promise<PithFile> {
  const file = await InputFile.open(path);
  try {
    const prefix = await file.read(0, Math.min(PREFIX_BYTES + 1, file.size));
    const header = await file.read(PREFIX_BYTES, headerLength(prefix, file.size, limits));
    const pith = new PithFile(file, parsePithHeader(header, file.size, limits));
    if (verify === "full") await pith.verify();
    return pith;
  } catch (error) {
    await file.close();
    throw withPath(error, path);
  }
}

/** Made by `openPith`. Reads are DISPOSED after `close`. */
export class PithFile implements AsyncDisposable {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
  readonly info: PithInfo;
  /** In the order of their bytes, without pads. */
  readonly tensors: readonly TensorInfo[];
  readonly #file: InputFile;
  readonly #header: PithHeader;
  /** A file of a stranger may have 65,536 of them. */
  readonly #byName: ReadonlyMap<string, TensorInfo>;
  readonly #verified = new Set<string>();

  /** @internal */
  constructor(file: InputFile, header: PithHeader) {
    this.path = file.path;
    this.fileBytes = file.size;
    this.info = header.info;
    this.tensors = header.tensors.filter(({ name }) => tensorRole(name) !== "pad");
    this.#file = file;
    this.#header = header;
    this.#byName = new Map(this.tensors.map((tensor) => [tensor.name, tensor]));
  }

  has(tensor: string): boolean {
    return this.#byName.has(tensor);
  }

  /** Dtype, shape and place of a tensor. @throws INVALID_ARGUMENT where the file has none of that name */
  tensor(tensor: string): TensorInfo {
    const found = this.#byName.get(tensor);
    if (found) return found;
    const known = this.tensors.map(({ name }) => name);
    throw withPath(
      new PithError(
        "INVALID_ARGUMENT",
        `no tensor ${quote(tensor)}; it has ${known.slice(0, 20).join(", ")}`,
        {
          tensor,
          known,
        },
      ),
      this.path,
    );
  }

  /** Where a tensor's bytes begin, from the start of the file: a multiple of 64. @throws INVALID_ARGUMENT */
  offset(tensor: string): number {
    return this.#header.dataStart + this.tensor(tensor).begin;
  }

  /** Reads the whole file once. @throws CHECKSUM_MISMATCH, CORRUPT_FILE (cut while open), IO, DISPOSED */
  async verify(): Promise<void> {
    // Pads too: their bytes are part of the file.
    for (const { name, begin, end } of this.#header.tensors) {
      let crc = 0;
      for (let at = begin; at < end; at += VERIFY_BYTES)
        crc = crc32c(
          await this.#file.read(this.#header.dataStart + at, Math.min(VERIFY_BYTES, end - at)),
          crc,
        );
      this.#checkCrc(name, crc);
    }
  }

  /** The bytes of a tensor. @throws INVALID_ARGUMENT, CHECKSUM_MISMATCH, LIMIT_EXCEEDED, IO, DISPOSED */
  async read(tensor: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.tensor(tensor);
    const bytes = await this.#file.read(this.offset(tensor), end - begin);
    if (!this.#verified.has(tensor)) this.#checkCrc(tensor, crc32c(bytes));
    return bytes;
  }

  /**
   * Blocks of rows of a matrix, in order, each in memory of its own.
   * @throws INVALID_ARGUMENT (no such rows, or no matrix), CHECKSUM_MISMATCH (after the last block), IO, ABORTED, DISPOSED
   */
  async *rows(tensor: string, range: RowRange = {}): AsyncGenerator<CodeBlock, void, undefined> {
    const { shape, begin, end } = this.tensor(tensor);
    if (shape.length !== 2)
      throw new PithError("INVALID_ARGUMENT", `tensor ${quote(tensor)} is no matrix, but [${shape}]`, {
        shape,
      });
    const [total] = shape;
    const stride = total === 0 ? 0 : (end - begin) / total;
    const whole = (range.start ?? 0) === 0 && (range.end ?? total) === total && !this.#verified.has(tensor);
    let crc = 0;
    for (const { start, count } of rowBlocks(total, stride, range)) {
      const bytes = await this.#file.read(this.offset(tensor) + start * stride, count * stride);
      if (whole) crc = crc32c(bytes, crc);
      yield { start, bytes, stride, count };
    }
    if (whole) this.#checkCrc(tensor, crc);
  }

  /** The ids of the rows; undefined where the file has none. @throws CORRUPT_FILE, CHECKSUM_MISMATCH, IO, DISPOSED */
  async ids(): Promise<IdColumn | undefined> {
    const contents = await this.#contents((name) => name === "ids" || name.startsWith("ids."));
    try {
      return idsOf(contents);
    } catch (error) {
      throw withPath(error, this.path);
    }
  }

  /** The state of the codec, as `family.restore` takes it. @throws NOT_SUPPORTED for vectors, CHECKSUM_MISMATCH, IO, DISPOSED */
  async state(): Promise<CodecState> {
    return codecState(await this.#contents((name) => name.startsWith("state.")));
  }

  /** The state of the codec of `rescore.codes`. @throws NOT_SUPPORTED where the file has none, CHECKSUM_MISMATCH, IO, DISPOSED */
  async rescoreState(): Promise<CodecState> {
    return rescoreState(await this.#contents((name) => name.startsWith("rescore.state.")));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #contents(wanted: (name: string) => boolean): Promise<PithContents> {
    const tensors: [string, StateTensor][] = [];
    for (const { name, dtype, shape } of this.tensors)
      if (wanted(name)) tensors.push([name, { dtype, shape, bytes: await this.read(name) }]);
    return { ...this.info, tensors: Object.fromEntries(tensors) };
  }

  #checkCrc(name: string, crc: number): void {
    try {
      checkCrc(name, this.#header.crcs, crc);
    } catch (error) {
      throw withPath(error, this.path);
    }
    this.#verified.add(name);
  }
}
