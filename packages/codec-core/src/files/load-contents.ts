/** What an index is made of, from a Pith file: mapped where that is wished for and can be, else read into memory. */
import type { StateTensor } from "../contract/state.ts";
import { PithError, shown } from "../errors.ts";
import type { LeftRows, LoadOptions } from "../flat/persist.ts";
import { type PithContents, parsePith } from "../format/pith.ts";
import { sharedBytes } from "../kernels/pinned.ts";
import { InputFile } from "./input-file.ts";
import { openParts, openPith, type PithFile } from "./pith-reader.ts";
import { mappedReader, rowReader } from "./row-reader.ts";

export interface LoadedContents {
  readonly contents: PithContents;
  /** Only the header and the codec's state were checked. */
  readonly trusted: boolean;
  /** Kept rows that were left in the file: their tensor has no bytes in `contents`. */
  readonly left?: LeftRows | undefined;
}

const PLACES: readonly unknown[] = ["memory", "file"];

/** Tensors that hits are scored again with. */
const KEPT = ["vectors", "rescore.codes"];

export async function loadContents(path: string, options: LoadOptions): Promise<LoadedContents> {
  const { map, verify = "full", rescore = "memory" } = options;
  if (!PLACES.includes(rescore))
    throw new PithError("INVALID_ARGUMENT", `expected rescore as memory or file, got ${shown(rescore)}`, {
      expected: PLACES,
      actual: rescore,
    });
  if (rescore === "file") return await leaveKept(path, map, verify === "full");
  if (map) {
    await using file = await openPith(path, { map, verify: "header" });
    if (file.mapped) {
      if (verify === "full") await file.verify();
      return { contents: await file.contents(), trusted: verify === "header" };
    }
  }
  await using file = await InputFile.open(path);
  return { contents: parsePith(await file.readShared()), trusted: false };
}

/** All but the kept rows; these are mapped, or read from the open file when they are asked for. */
async function leaveKept(path: string, map: boolean | undefined, full: boolean): Promise<LoadedContents> {
  const parts = await openParts(path, { map: map ?? true, verify: "header" });
  await using pith = parts.pith;
  if (full) await pith.verify();
  const inPlace = map === true && pith.mapped;
  const kept = pith.info.kind === "codes" ? KEPT.find((name) => pith.has(name)) : undefined;
  const bytesOf = (name: string): Promise<Uint8Array> | Uint8Array => {
    if (name === kept) return new Uint8Array(0);
    if (inPlace && !/^(rescore\.)?state\./.test(name)) return pith.view(name);
    return name === "codes" ? shared(pith, name) : pith.read(name);
  };
  const tensors: { [name: string]: StateTensor } = {};
  for (const { name, dtype, shape } of pith.tensors)
    tensors[name] = { dtype, shape, bytes: await bytesOf(name) };
  const contents = { ...pith.info, tensors };
  const trusted = inPlace && !full;
  if (kept === undefined) return { contents, trusted };
  const reader = pith.mapped
    ? mappedReader(pith.view(kept))
    : rowReader(parts.file.take(), path, pith.offset(kept));
  return { contents, trusted, left: { reader, trusted: !full } };
}

/** A matrix in memory that other threads may read. */
async function shared(pith: PithFile, name: string): Promise<Uint8Array> {
  const { begin, end } = pith.tensor(name);
  const out = sharedBytes(end - begin);
  for await (const { bytes, start, stride } of pith.rows(name)) out.set(bytes, start * stride);
  return out;
}
