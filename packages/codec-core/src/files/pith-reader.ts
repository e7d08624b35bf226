/**
 * Reads a Pith file in parts: the header at once, tensors whole or in blocks of rows. Nothing is allocated that the file's
 * true size doesn't justify.
 */
import { pause } from "../async/work.ts";
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
  /**
   * Maps the file into memory, where the native backend can: what is read are then views of it. Default false. A program
   * that cuts a mapped file short ends this process (SIGBUS): map files that nobody else writes to.
   */
  readonly map?: boolean | undefined;
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
export async function openPith(path: string, options: OpenOptions = {}): Promise<PithFile> {
  return (await openParts(path, options)).pith;
}

/** As `openPith`, with the file that is read, which `pith` closes. */
export async function openParts(
  path: string,
  { limits, verify = "full", map = false }: OpenOptions,
): Promise<{ readonly pith: PithFile; readonly file: InputFile }> {
  const file = await InputFile.open(path);
  try {
    const prefix = await file.read(0, Math.min(PREFIX_BYTES + 1, file.size));
    const header = await file.read(PREFIX_BYTES, headerLength(prefix, file.size, limits));
    const checked = parsePithHeader(header, file.size, limits);
    const pith = new PithFile(file, checked, map ? file.map() : undefined);
    if (verify === "full") await pith.verify();
    return { pith, file };
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
  /** Whether what is read are views of the mapped file. */
  readonly mapped: boolean;
  readonly #file: InputFile;
  readonly #mapping: ArrayBuffer | undefined;
  readonly #header: PithHeader;
  /** A file of a stranger may have 65,536 of them. */
  readonly #byName: ReadonlyMap<string, TensorInfo>;
  readonly #verified = new Set<string>();

  /** @internal */
  constructor(file: InputFile, header: PithHeader, mapping?: ArrayBuffer) {
    this.path = file.path;
    this.fileBytes = file.size;
    this.info = header.info;
    this.tensors = header.tensors.filter(({ name }) => tensorRole(name) !== "pad");
    this.mapped = mapping !== undefined;
    this.#file = file;
    this.#mapping = mapping;
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
        crc = crc32c(await this.#bytes(this.#header.dataStart + at, Math.min(VERIFY_BYTES, end - at)), crc);
      this.#checkCrc(name, crc);
    }
  }

  /** The bytes of a tensor. @throws INVALID_ARGUMENT, CHECKSUM_MISMATCH, LIMIT_EXCEEDED, IO, DISPOSED */
  async read(tensor: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.tensor(tensor);
    const bytes = await this.#bytes(this.offset(tensor), end - begin);
    if (!this.#verified.has(tensor)) this.#checkCrc(tensor, crc32c(bytes));
    return bytes;
  }

  /**
   * Blocks of rows of a matrix, in order, each in memory of its own (of a mapped file: views).
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
      const bytes = await this.#bytes(this.offset(tensor) + start * stride, count * stride);
      if (whole) crc = crc32c(bytes, crc);
      yield { start, bytes, stride, count };
    }
    if (whole) this.#checkCrc(tensor, crc);
  }

  /** All of a tensor where it is mapped, unchecked unless the file was verified. @throws INVALID_ARGUMENT, NOT_SUPPORTED, DISPOSED */
  view(tensor: string): Uint8Array<ArrayBuffer> {
    const { begin, end } = this.tensor(tensor);
    this.#file.checkOpen();
    if (!this.#mapping) throw withPath(new PithError("NOT_SUPPORTED", "the file isn't mapped"), this.path);
    return viewOf(this.#mapping, this.offset(tensor), end - begin, this.path);
  }

  /**
   * All that the file holds. Of a mapped one the tensors are views, and of one that wasn't verified only the codec's state
   * is checked. @throws CHECKSUM_MISMATCH, LIMIT_EXCEEDED, IO, DISPOSED
   */
  contents(): Promise<PithContents> {
    return this.#contents(() => true);
  }

  /**
   * The ids of the rows; undefined where the file has none. Of a mapped file that wasn't verified each id is checked when it
   * is asked for. @throws CORRUPT_FILE, CHECKSUM_MISMATCH, IO, DISPOSED
   */
  async ids(): Promise<IdColumn | undefined> {
    const contents = await this.#contents((name) => name === "ids" || name.startsWith("ids."));
    try {
      return idsOf(contents, this.mapped && !this.#verified.has("ids") && !this.#verified.has("ids.utf8"));
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
      if (wanted(name)) {
        // To check the large ones would be to read them, which is what mapping saves.
        const state = /^(rescore\.)?state\./.test(name);
        const bytes = this.mapped && !state ? this.view(name) : await this.read(name);
        tensors.push([name, { dtype, shape, bytes }]);
      }
    return { ...this.info, tensors: Object.fromEntries(tensors) };
  }

  async #bytes(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#mapping) return this.#file.read(position, length);
    this.#file.checkOpen();
    // As reading does: the event loop runs between blocks.
    await pause();
    return viewOf(this.#mapping, position, length, this.path);
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

function viewOf(
  mapping: ArrayBuffer,
  position: number,
  length: number,
  path: string,
): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(mapping, position, length);
  } catch (cause) {
    const text = `${length} bytes are more than one array can hold; read them in blocks`;
    throw withPath(new PithError("LIMIT_EXCEEDED", text, { actual: length }, { cause }), path);
  }
}
