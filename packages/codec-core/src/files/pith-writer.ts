/**
 * Writes a Pith file as its rows come: each tensor's region is known from the plan, its checksum runs along, and the header
 * is written last into the room that was kept for it. Memory holds no more than the piece in hand.
 */
import { PithError } from "../errors.ts";
import { crc32c } from "../format/checksum.ts";
import { quote } from "../format/corrupt.ts";
import { layoutPith, type PithLayout, serializeLayout } from "../format/layout.ts";
import type { PithInfo, TensorShape } from "../format/profile.ts";
import { tensorRole } from "../format/tensor-names.ts";
import { SafeFile, type WriteOptions } from "./safe-file.ts";

/** A tensor of a planned file; bytes that are known already are written at once. */
export interface PlannedTensor extends TensorShape {
  readonly bytes?: Uint8Array;
}

export interface PithPlan extends PithInfo {
  readonly tensors: { readonly [name: string]: PlannedTensor };
}

interface Region {
  /** From the start of the file. */
  readonly begin: number;
  readonly length: number;
  written: number;
  crc: number;
}

/**
 * Begins a Pith file. @throws INVALID_ARGUMENT (a plan that readers would refuse), LENGTH_MISMATCH, LIMIT_EXCEEDED, NOT_A_FILE,
 * IO, ABORTED
 */
export async function createPithFile(
  path: string,
  plan: PithPlan,
  options: WriteOptions = {},
): Promise<PithWriter> {
  const { tensors, ...info } = plan;
  const layout = layoutPith(info, tensors);
  for (const [name, { bytes }] of Object.entries(tensors)) {
    const planned = layout.tensors.find((t) => t.name === name);
    if (bytes && planned && bytes.length !== planned.end - planned.begin)
      throw lengthMismatch(name, planned.end - planned.begin, bytes.length);
  }
  const writer = new PithWriter(layout, await SafeFile.create(path, layout.fileBytes, options));
  for (const [name, { bytes }] of Object.entries(tensors)) if (bytes) await writer.write(name, bytes);
  return writer;
}

/** Made by `createPithFile`. Whatever fails removes the temporary file; the file at the path changes with `commit` alone. */
export class PithWriter implements AsyncDisposable {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
  readonly #layout: PithLayout;
  readonly #file: SafeFile;
  readonly #regions = new Map<string, Region>();

  /** @internal */
  constructor(layout: PithLayout, file: SafeFile) {
    this.path = file.path;
    this.fileBytes = layout.fileBytes;
    this.#layout = layout;
    this.#file = file;
    for (const { name, begin, end } of layout.tensors)
      if (tensorRole(name) !== "pad")
        this.#regions.set(name, { begin: layout.dataStart + begin, length: end - begin, written: 0, crc: 0 });
  }

  /**
   * Appends to a tensor; `bytes` must not change until the promise resolves.
   * @throws INVALID_ARGUMENT (no such tensor), LENGTH_MISMATCH (more than planned), IO, ABORTED, DISPOSED
   */
  async write(tensor: string, bytes: Uint8Array): Promise<void> {
    const region = this.#regions.get(tensor);
    if (!region || region.written + bytes.length > region.length) {
      await this.abort();
      if (region) throw lengthMismatch(tensor, region.length, region.written + bytes.length);
      throw new PithError("INVALID_ARGUMENT", `the plan has no tensor ${quote(tensor)}`, { tensor });
    }
    // Before the first await, so that calls that overlap keep their order.
    const position = region.begin + region.written;
    region.written += bytes.length;
    region.crc = crc32c(bytes, region.crc);
    await this.#file.write(bytes, position);
  }

  /** Writes the header and puts the file in its place. @throws LENGTH_MISMATCH (less than planned), IO, ABORTED, DISPOSED */
  async commit(): Promise<void> {
    const crcs = new Map<string, number>();
    for (const [name, { written, length, crc }] of this.#regions) {
      if (written < length) {
        await this.abort();
        throw lengthMismatch(name, length, written);
      }
      crcs.set(name, crc);
    }
    await this.#file.write(serializeLayout(this.#layout, crcs), 0);
    await this.#file.commit();
  }

  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void> {
    return this.#file.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}

function lengthMismatch(tensor: string, expected: number, actual: number): PithError {
  return new PithError(
    "LENGTH_MISMATCH",
    `tensor ${quote(tensor)}: expected ${expected} bytes, got ${actual}`,
    {
      tensor,
      expected,
      actual,
    },
  );
}
