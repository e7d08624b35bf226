/**
 * Writes a Pith file as its rows come: each tensor's region is known from the plan, its checksum runs along, and the header
 * is written last into the room that was kept for it. Memory holds no more than the piece in hand.
 */
import { PithError } from "../errors.ts";
import { crc32c, crcHex } from "../format/checksum.ts";
import { corrupt, quote } from "../format/corrupt.ts";
import { layoutPith, type PithLayout, serializeLayout } from "../format/layout.ts";
import type { PithInfo, TensorShape } from "../format/profile.ts";
import { tensorRole } from "../format/tensor-names.ts";
import { withPath } from "./io-error.ts";
import {
  findUnfinished,
  Journal,
  type Making,
  pickUnfinished,
  removeUnfinished,
  type Written,
} from "./journal.ts";
import { randomTag, SafeFile, type WriteOptions } from "./safe-file.ts";
import { followLinks } from "./target.ts";

/** A tensor of a planned file; bytes that are known already are written at once. */
export interface PlannedTensor extends TensorShape {
  readonly bytes?: Uint8Array;
}

export interface PithPlan extends PithInfo {
  readonly tensors: { readonly [name: string]: PlannedTensor };
}

export interface PithWriteOptions extends WriteOptions {
  /**
   * What the file is made of. With it the writer keeps a journal, so that after a kill a later run of the same making can go
   * on; and a finished file removes what killed runs left of it.
   */
  readonly making?: Making | undefined;
  /** Go on with what a killed run of this making left, if there is any; and leave the same behind on failure. */
  readonly resume?: boolean | undefined;
}

interface Region {
  /** From the start of the file. */
  readonly begin: number;
  readonly length: number;
  written: number;
  crc: number;
}

/**
 * Begins a Pith file. @throws INVALID_ARGUMENT (a plan that readers would refuse; with `resume`, an unfinished file of another
 * making), LENGTH_MISMATCH, LIMIT_EXCEEDED, NOT_A_FILE, IO, ABORTED; CORRUPT_FILE where an unfinished file isn't as its journal says
 */
export async function createPithFile(
  path: string,
  plan: PithPlan,
  options: PithWriteOptions = {},
): Promise<PithWriter> {
  const { tensors, ...info } = plan;
  const layout = layoutPith(info, tensors);
  for (const [name, { bytes }] of Object.entries(tensors)) {
    const planned = layout.tensors.find((t) => t.name === name);
    if (bytes && planned && bytes.length !== planned.end - planned.begin)
      throw lengthMismatch(name, planned.end - planned.begin, bytes.length);
  }
  const { making, resume = false, signal } = options;
  if (making === undefined)
    return await begin(
      new PithWriter(layout, await SafeFile.create(path, layout.fileBytes, { signal })),
      tensors,
    );
  const target = await followLinks(path).catch(() => path);
  const known = { ...making, layout: layoutCrc(layout, tensors) };
  const old = resume ? await pickUnfinished(target, known, path) : undefined;
  const temporary = { signal, keep: resume, tag: old?.tag ?? randomTag() };
  // The journal first: a temporary file is never without one.
  const journal = await Journal.open(target, temporary.tag, known, { keep: resume, path });
  try {
    if (!old) {
      const file = await SafeFile.create(path, layout.fileBytes, temporary);
      return await begin(new PithWriter(layout, file, { journal, target }), tensors);
    }
    const file = await SafeFile.reopen(path, layout.fileBytes, temporary);
    const writer = new PithWriter(layout, file, { journal, target });
    await writer.goOn(old.written);
    return writer;
  } catch (error) {
    await (old ? journal.close() : journal.remove());
    throw error;
  }
}

async function begin(writer: PithWriter, tensors: PithPlan["tensors"]): Promise<PithWriter> {
  for (const [name, { bytes }] of Object.entries(tensors)) if (bytes) await writer.write(name, bytes);
  return writer;
}

/** Checksum of all that is known before the first row: header and given tensors. */
function layoutCrc(layout: PithLayout, tensors: PithPlan["tensors"]): string {
  const given = Object.entries(tensors).flatMap(([name, { bytes }]) =>
    bytes ? [[name, crc32c(bytes)] as const] : [],
  );
  return crcHex(crc32c(serializeLayout(layout, new Map(given))));
}

const VERIFY_BYTES = 4 * 2 ** 20;
/** Between two lines of the journal: a line costs about as much as encoding a hundred rows. */
const CHECKPOINT_MS = 50;

/** Made by `createPithFile`. Whatever fails removes the temporary file; the file at the path changes with `commit` alone. */
export class PithWriter implements AsyncDisposable {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
  readonly #layout: PithLayout;
  readonly #file: SafeFile;
  readonly #regions = new Map<string, Region>();
  readonly #journal: { readonly journal: Journal; readonly target: string } | undefined;
  #checkpoint = -Infinity;

  /** @internal */
  constructor(layout: PithLayout, file: SafeFile, journal?: { journal: Journal; target: string }) {
    this.path = file.path;
    this.fileBytes = layout.fileBytes;
    this.#layout = layout;
    this.#file = file;
    this.#journal = journal;
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

  /** Bytes of a tensor that are written: where a resumed file goes on. @throws INVALID_ARGUMENT (no such tensor) */
  written(tensor: string): number {
    const region = this.#regions.get(tensor);
    if (region) return region.written;
    throw new PithError("INVALID_ARGUMENT", `the plan has no tensor ${quote(tensor)}`, { tensor });
  }

  /**
   * Notes in the journal that all that was written belongs together: a resumed file goes on from here. Does nothing without
   * `making`, or shortly after the last time. @throws IO
   */
  async checkpoint(): Promise<void> {
    const now = performance.now();
    if (!this.#journal || now - this.#checkpoint < CHECKPOINT_MS) return;
    this.#checkpoint = now;
    const entries = [...this.#regions].map(([name, { written, crc }]) => [name, [written, crc]] as const);
    await this.#journal.journal.append(Object.fromEntries(entries));
  }

  /** Takes over what an earlier run wrote, once its checksums are right. @internal */
  async goOn(written: Written): Promise<void> {
    for (const [name, region] of this.#regions) {
      const [length, crc] = written[name] ?? [0, 0];
      let [at, actual] = [0, 0];
      while (at < length && length <= region.length) {
        const bytes = await this.#file.read(region.begin + at, Math.min(VERIFY_BYTES, length - at));
        if (bytes.length === 0) break;
        actual = crc32c(bytes, actual);
        at += bytes.length;
      }
      if (at !== length || actual !== crc) {
        await this.#file.abort();
        throw withPath(
          corrupt("what an earlier run left isn't as it wrote it; without --resume it begins anew", {
            tensor: name,
          }),
          this.path,
        );
      }
      region.written = length;
      region.crc = crc;
    }
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
    if (!this.#journal) return;
    const { journal, target } = this.#journal;
    await journal.remove();
    for (const old of await findUnfinished(target))
      if (old.writer === undefined) await removeUnfinished(target, old);
  }

  /** Removes what was written, unless a later run is to go on with it. Does nothing after `commit`. */
  async abort(): Promise<void> {
    await this.#file.abort();
    await this.#journal?.journal.close();
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
