/** What an index is made of, from a Pith file: mapped where that is wished for and can be, else read into memory. */
import type { StateTensor } from "../contract/state.ts";
import { PithError, shown } from "../errors.ts";
import type { LoadOptions, Origin } from "../flat/persist.ts";
import { type PithContents, parsePith } from "../format/pith.ts";
import { sharedBytes } from "../kernels/pinned.ts";
import { InputFile } from "./input-file.ts";
import { openParts, openPith, type PithFile } from "./pith-reader.ts";
import { mappedReader, rowReader } from "./row-reader.ts";

export interface LoadedContents extends Origin {
  readonly contents: PithContents;
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
      return { contents: await file.contents(), trusted: verify === "header", mapped: true };
    }
  }
  await using file = await InputFile.open(path);
  return { contents: parsePith(await file.readShared()) };
}

/** All but the kept rows; these are mapped, or read from the open file when they are asked for. */
async function leaveKept(path: string, map: boolean | undefined, full: boolean): Promise<LoadedContents> {
  // What is read once goes through a buffer: read from the mapping, all of the file would be in the process's memory for a time.
  const { pith, file } = await openParts(path, { map, verify: "header" });
  await using _ = pith;
  if (full) await pith.verify();
  const inPlace = pith.mapped;
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
  const origin = { trusted: inPlace && !full, mapped: inPlace };
  if (kept === undefined) return { contents, ...origin };
  const start = pith.offset(kept);
  const { begin, end } = pith.tensor(kept);
  const mapped = map === false ? undefined : mappedRows(file, start, end - begin);
  const reader = mapped ? mappedReader(mapped) : rowReader(file.take(), path, start);
  return { contents, ...origin, left: { reader, trusted: !full } };
}

/** Undefined where the file can't be mapped, or an array can't be as large. */
function mappedRows(file: InputFile, start: number, length: number): Uint8Array | undefined {
  const mapping = file.map();
  try {
    return mapping && new Uint8Array(mapping, start, length);
  } catch {
    return undefined;
  }
}

/** A matrix in memory that other threads may read. */
async function shared(pith: PithFile, name: string): Promise<Uint8Array> {
  const { begin, end } = pith.tensor(name);
  const out = sharedBytes(end - begin);
  for await (const { bytes, start, stride } of pith.rows(name)) out.set(bytes, start * stride);
  return out;
}
