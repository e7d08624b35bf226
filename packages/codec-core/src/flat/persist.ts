/** A flat index as a Pith file of kind "codes", and back. */
import type { Codec, CodecFamily } from "../contract/codec.ts";
import { checkCodes } from "../contract/codes.ts";
import { checkMetric, type Metric } from "../contract/metric.ts";
import { unknownCodec } from "../contract/registry.ts";
import type { StateTensor } from "../contract/state.ts";
import { PithError } from "../errors.ts";
import {
  codecStamp,
  codecState,
  idsOf,
  type PithContents,
  parsePith,
  serializePith,
  stateTensors,
} from "../format/pith.ts";
import { type Id, IdColumn } from "../ids.ts";
import { IdMap } from "./id-map.ts";
import { Originals } from "./originals.ts";
import { RowStore } from "./row-store.ts";

export interface IndexParts<I extends Id> {
  readonly ids: IdMap<I>;
  readonly codes: RowStore;
  readonly originals: Originals | undefined;
}

/** Removed slots are left out; the others keep their order, so ties stay. */
export function indexToBytes<I extends Id>(codec: Codec, metric: Metric, parts: IndexParts<I>): Uint8Array {
  const { ids, codes, originals } = parts;
  const slots = ids.hasRemoved ? Array.from(ids.liveSlots()) : undefined;
  const rows = (store: RowStore): Uint8Array => (slots ? store.gather(slots) : store.bytes);
  const column = ids.toColumn();
  const state = codec.state();
  const tensors: { [name: string]: StateTensor } = {
    ...stateTensors(state),
    ...column.tensors(),
    codes: { dtype: "U8", shape: [ids.size, codec.stride], bytes: rows(codes) },
  };
  if (originals)
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

/** `trusted`: codes aren't looked at, and ids when they are asked for. The tensors' bytes are kept. */
export function indexFromContents<I extends Id>(
  contents: PithContents,
  families: readonly CodecFamily[],
  trusted: boolean = false,
): LoadedIndex<I> {
  const { codec: stamp, count, dim, tensors } = contents;
  if (!stamp || contents.kind !== "codes")
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      `expected a Pith file of kind codes, got one of kind ${contents.kind}`,
      {
        expected: "codes",
        actual: contents.kind,
      },
    );
  const family = families.find((f) => f.name === stamp.name);
  if (!family)
    throw unknownCodec(
      stamp.name,
      families.map((f) => f.name),
    );
  const codec = family.restore(codecState(contents));
  const metric = checkMetric(contents.metric, codec.supports.metrics);
  const codes = { bytes: tensors["codes"].bytes, stride: tensors["codes"].shape[1], count };
  checkCodes(codes, codec.stride);
  if (!trusted) codec.verifyCodes?.(codes);
  const ids = new IdMap<I>(
    idsOf(contents, trusted) ?? IdColumn.from(Array.from({ length: count }, (_, row) => row)),
  );
  const kept = tensors["vectors"];
  const originals = kept && new Originals(kept.dtype as "F16" | "F32", dim, kept.bytes);
  return { codec, metric, parts: { ids, codes: new RowStore(codec.stride, codes.bytes), originals } };
}
