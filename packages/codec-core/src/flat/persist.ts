/** A flat index as a Pith file of kind "codes", and back. */
import type { Codec, CodecFamily } from "../contract/codec.ts";
import { checkCodes } from "../contract/codes.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import { unknownCodec } from "../contract/registry.ts";
import type { StateTensor } from "../contract/state.ts";
import { PithError } from "../errors.ts";
import { FLOAT_BYTES, type FloatDtype } from "../format/float-rows.ts";
import {
  codecStamp,
  codecState,
  idsOf,
  type PithContents,
  parsePith,
  rescoreState,
  serializePith,
  stateTensors,
} from "../format/pith.ts";
import { type Id, IdColumn } from "../ids.ts";
import { CodedRows } from "./coded-rows.ts";
import { FileRows, type RowReader } from "./file-rows.ts";
import { IdMap } from "./id-map.ts";
import type { KeptStore } from "./kept-store.ts";
import { Originals } from "./originals.ts";
import { RowStore } from "./row-store.ts";

/** Kept codes that are checked at once where they are left in a file. */
const VERIFY_ROWS = 4096;

/** What is kept beside the codes to score hits again. */
export type KeptRows = Originals | CodedRows;

export interface IndexParts<I extends Id> {
  readonly ids: IdMap<I>;
  readonly codes: RowStore;
  /** What hits are scored again with, where it is kept. */
  readonly originals: KeptRows | undefined;
}

/** Removed slots are left out; the others keep their order, so ties stay. */
export function indexToBytes<I extends Id>(codec: Codec, metric: Metric, parts: IndexParts<I>): Uint8Array {
  const { ids, codes, originals } = parts;
  const slots = ids.hasRemoved ? Array.from(ids.liveSlots()) : undefined;
  const rows = (store: KeptStore): Uint8Array => (slots ? store.gather(slots) : store.bytes);
  const column = ids.toColumn();
  const state = codec.state();
  const tensors: { [name: string]: StateTensor } = {
    ...stateTensors(state),
    ...column.tensors(),
    codes: { dtype: "U8", shape: [ids.size, codec.stride], bytes: rows(codes) },
  };
  const finer = originals instanceof CodedRows ? originals.codec.state() : undefined;
  if (finer) Object.assign(tensors, stateTensors(finer, "rescore.state."));
  if (originals instanceof CodedRows)
    tensors["rescore.codes"] = {
      dtype: "U8",
      shape: [ids.size, originals.rows.stride],
      bytes: rows(originals.rows),
    };
  else if (originals)
    tensors["vectors"] = {
      dtype: originals.dtype,
      shape: [ids.size, codec.dim],
      bytes: rows(originals.rows),
    };
  const stamp = codecStamp(state);
  return serializePith({
    kind: "codes",
    dim: codec.dim,
    count: ids.size,
    metric,
    codec: stamp,
    ...(finer ? { rescore: codecStamp(finer) } : {}),
    idType: column.type,
    tensors,
  });
}

/** How a file becomes an index. */
export interface LoadOptions {
  /**
   * Uses the codes where they stand in the file instead of reading them, where the native backend can map files; a change
   * of the index copies what it changes. A program that cuts a mapped file short ends this process. Default false.
   */
  readonly map?: boolean | undefined;
  /**
   * "full", the default, checks every byte before the index is there. "header", of a mapped file, checks header and codec
   * alone, and each id when it is found: for files of your own. Damaged codes then score wrongly.
   */
  readonly verify?: "full" | "header" | undefined;
  /**
   * Where kept rows are while the index lives. "file": they stay in the file, and a search with `rescore` reads those of its
   * hits: of a mapping where the native backend can map files and `map` isn't false, else by calls that read. The file must
   * stay as it is until the index is disposed of; another one may take its place. Default "memory".
   */
  readonly rescore?: "memory" | "file" | undefined;
}

/** Kept rows that stay in their file. `trusted`: nobody looked at them. */
export interface LeftRows {
  readonly reader: RowReader;
  readonly trusted: boolean;
}

export interface LoadedIndex<I extends Id> {
  readonly codec: Codec;
  readonly metric: Metric;
  readonly parts: IndexParts<I>;
}

/** The bytes are kept and copied at the first change. A file without ids gets row numbers as ids. */
export function indexFromBytes<I extends Id>(
  bytes: Uint8Array,
  families: readonly CodecFamily[],
): LoadedIndex<I> {
  return indexFromContents(parsePith(bytes), families);
}

/** How the contents of a file came about. */
export interface Origin {
  /** Only the header and the codec's state were checked: codes aren't looked at, and ids when they are asked for. */
  readonly trusted?: boolean | undefined;
  /** The tensors are views of the mapped file. */
  readonly mapped?: boolean | undefined;
  /** Kept rows that stay in the file: their tensor has no bytes. */
  readonly left?: LeftRows | undefined;
}

/** The tensors' bytes are kept. */
export function indexFromContents<I extends Id>(
  contents: PithContents,
  families: readonly CodecFamily[],
  origin: Origin = {},
): LoadedIndex<I> {
  const { trusted = false, mapped } = origin;
  const { codec: stamp, count, tensors } = contents;
  if (!stamp || contents.kind !== "codes")
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      `expected a Pith file of kind codes, got one of kind ${contents.kind}`,
      {
        expected: "codes",
        actual: contents.kind,
      },
    );
  const codec = familyOf(stamp.name, families).restore(codecState(contents));
  const metric = checkMetric(contents.metric, codec.supports.metrics);
  const codes = { bytes: tensors["codes"].bytes, stride: tensors["codes"].shape[1], count };
  checkCodes(codes, codec.stride);
  if (!trusted) codec.verifyCodes?.(codes);
  const ids = new IdMap<I>(
    idsOf(contents, trusted) ?? IdColumn.from(Array.from({ length: count }, (_, row) => row)),
  );
  const originals = keptRows(contents, metric, families, origin);
  return { codec, metric, parts: { ids, codes: new RowStore(codec.stride, codes.bytes, mapped), originals } };
}

function keptRows(
  contents: PithContents,
  metric: Metric,
  families: readonly CodecFamily[],
  { trusted = false, mapped, left }: Origin,
): KeptRows | undefined {
  const { dim, count, rescore, tensors } = contents;
  const storeOf = (stride: number, bytes: Uint8Array): KeptStore =>
    left ? FileRows.of(stride, count, left.reader) : new RowStore(stride, bytes, mapped);
  const kept = tensors["vectors"];
  if (kept) {
    const dtype = kept.dtype as FloatDtype;
    return new Originals(dtype, dim, metric, storeOf(dim * FLOAT_BYTES[dtype], kept.bytes));
  }
  if (!rescore) return undefined;
  const codec = familyOf(rescore.name, families).restore(rescoreState(contents));
  const { bytes, shape } = tensors["rescore.codes"];
  const [, stride] = shape;
  const codes = { bytes, stride, count: left ? 0 : count };
  checkCodes(codes, codec.stride);
  const rows = storeOf(stride, bytes);
  if (!(left?.trusted ?? trusted)) {
    codec.verifyCodes?.(codes);
    if (left) verifyLeft(codec, rows);
  }
  return new CodedRows(codec, dim, metric, rows);
}

/** Codes that aren't in memory, some at a time. */
function verifyLeft(codec: Codec, rows: KeptStore): void {
  const { count, stride } = rows;
  for (let start = 0; codec.verifyCodes && start < count; start += VERIFY_ROWS) {
    const slots = Uint32Array.from({ length: Math.min(count - start, VERIFY_ROWS) }, (_, i) => start + i);
    codec.verifyCodes({ bytes: rows.gather(slots), stride, count: slots.length }, start);
  }
}

function familyOf(name: string, families: readonly CodecFamily[]): CodecFamily {
  const family = families.find((f) => f.name === name);
  if (family) return family;
  throw unknownCodec(
    name,
    families.map((f) => f.name),
  );
}
