/** Searches the codes of a file, block by block, for many queries at once. */
import { Bitset, type Codec, type Hits, PithError, searchAsync, type Vectors } from "@pith/codec-core";
import type { PithFile } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { BlockSearch } from "./block-search.ts";
import { blockRows, codeBlocks, originalBlocks } from "./code-blocks.ts";
import { checkRescore, rescore } from "./rescore.ts";

export interface SearchFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** A row that isn't to be hit. */
  readonly except?: number | undefined;
  /** Candidates for each wanted hit, from 1, scored again with what the file keeps; undefined: the codes decide. */
  readonly oversample?: number | undefined;
}

/** @throws NOT_SUPPORTED (nothing kept to score again with), NOT_FINITE, IO, ABORTED */
export async function searchFile(
  file: PithFile,
  codec: Codec,
  queries: Vectors,
  k: number,
  options: SearchFileOptions = {},
): Promise<Hits[]> {
  const { signal, oversample } = options;
  if (oversample !== undefined) checkRescore(file);
  // Room for more hits than rows is never needed.
  const wanted = Math.min(Math.ceil(k * (oversample ?? 1)), Math.max(1, file.info.count));
  const search = file.mapped ? searchMapped : searchBlocks;
  const hits = await search(file, codec, queries, wanted, options);
  return oversample === undefined ? hits : await rescore(file, codec.metric, queries, hits, k, signal);
}

async function searchBlocks(
  file: PithFile,
  codec: Codec,
  queries: Vectors,
  k: number,
  { except, signal }: SearchFileOptions,
): Promise<Hits[]> {
  const allowed = except === undefined ? undefined : (row: number): boolean => row !== except;
  const search = new BlockSearch(queries, codec.metric, k, allowed);
  const scorer = codec.scorer(codec.metric);
  for await (const block of codeBlocks(file, codec, { blockRows: blockRows(codec.dim) })) {
    abortIf(signal);
    search.addCodes(scorer, block);
  }
  return search.hits();
}

/** All codes where they stand, on all threads. */
function searchMapped(
  file: PithFile,
  codec: Codec,
  queries: Vectors,
  k: number,
  { except, signal }: SearchFileOptions,
): Promise<Hits[]> {
  const { count } = file.info;
  const codes = { bytes: file.view("codes"), stride: codec.stride, count };
  const allow = except === undefined ? undefined : Bitset.full(count);
  if (except !== undefined) allow?.delete(except);
  return searchAsync(codec.scorer(codec.metric), queries, codes, k, { allow, signal });
}

/** The vector of a row, as kept, else as decoded. @throws NOT_SUPPORTED where the codec doesn't decode */
export async function vectorOfRow(file: PithFile, codec: Codec, row: number): Promise<Vectors> {
  const at = { start: row, end: row + 1 };
  if (file.has("vectors")) for await (const block of originalBlocks(file, at)) return block;
  for await (const block of codeBlocks(file, codec, at)) return codec.decode(block);
  throw new PithError("INTERNAL", `row ${row} wasn't read`);
}

/** The row of an id: the file's ids, or row numbers where it has none. @throws UNKNOWN_ID */
export async function rowOfId(file: PithFile, text: string): Promise<number> {
  const ids = await file.ids();
  const { count } = file.info;
  if (!ids) {
    const row = Number(text);
    if (/^\d+$/.test(text) && row < count) return row;
    throw new PithError(
      "UNKNOWN_ID",
      `the file has no ids: expected a row from 0 to ${count - 1}, got "${text}"`,
      {
        id: text,
      },
    );
  }
  let row = 0;
  for (const id of ids) {
    if (String(id) === text) return row;
    row++;
  }
  throw new PithError("UNKNOWN_ID", `no vector has the id "${text}"`, { id: text });
}
