/** Rows on their way to a database or from it, and their form at each point. */
import {
  type Codec,
  type Codes,
  checkCodes,
  checkVectors,
  type Id,
  type IdColumn,
  kernels,
  PithError,
  sliceCodes,
  sliceVectors,
  type Vectors,
} from "@pith/codec-core";
import type { CollectionPlan, Database, Payload, Point, RemoteIds } from "./database.ts";
import { ENVELOPE_FIELD, sealCode } from "./envelope.ts";
import { pointOf } from "./point-id.ts";

/** Rows that follow one another: codes, vectors or both, and fields of the caller's. */
export interface RowBlock {
  readonly codes?: Codes | undefined;
  readonly vectors?: Vectors | undefined;
  /** One for each row. */
  readonly payloads?: readonly (Payload | undefined)[] | undefined;
}

/** Rows to push. */
export interface PushSource {
  readonly count: number;
  /** Undefined: row numbers. */
  readonly ids: IdColumn | undefined;
  /** Whether row numbers are places in a file, to be kept so that a pull gives the same order. Default true. */
  readonly placed?: boolean | undefined;
  /** The rows from `start` on, in order, `count - start` in all. */
  blocks(start: number): AsyncIterable<RowBlock> | Iterable<RowBlock>;
}

/** Bytes in the envelope of a row: its code, or where that isn't kept there the checksum of what was sent. */
export function sealedBytes({ mode, codec }: CollectionPlan): number {
  return mode === "sidecar" || mode === "payload" ? codec.stride : 4;
}

/** Rows in a block. @throws LENGTH_MISMATCH where its parts don't agree, INVALID_ARGUMENT where it has none */
export function blockCount({ codes, vectors, payloads }: RowBlock): number {
  const count = codes?.count ?? vectors?.count;
  if (count === undefined) throw new PithError("INVALID_ARGUMENT", "expected codes or vectors");
  for (const actual of [vectors?.count, payloads?.length])
    if (actual !== undefined && actual !== count)
      throw new PithError("LENGTH_MISMATCH", `expected ${count} rows in all parts, got ${actual}`, {
        expected: count,
        actual,
      });
  return count;
}

export function sliceBlock({ codes, vectors, payloads }: RowBlock, start: number, end: number): RowBlock {
  return {
    codes: codes && sliceCodes(codes, start, end),
    vectors: vectors && sliceVectors(vectors, start, end),
    payloads: payloads?.slice(start, end),
  };
}

/**
 * Points of rows. `rows`: of each its place in a file.
 * @throws DIM_MISMATCH, NOT_FINITE, CODEC_MISMATCH, LENGTH_MISMATCH, INVALID_ARGUMENT (fields with our names, or no vectors)
 */
export function makePoints(
  database: Database,
  plan: CollectionPlan,
  ids: readonly Id[],
  rows: (at: number) => number,
  block: RowBlock,
): Point[] {
  const { codec, mode, dim } = plan;
  const dense = mode === "server" || mode === "sidecar";
  const codes = mode === "server" ? undefined : codesOf(codec, block);
  if (dense && !block.vectors)
    throw new PithError("INVALID_ARGUMENT", `the mode "${mode}" needs vectors, got codes alone`, { mode });
  const vectors = dense ? (block.vectors as Vectors) : codes && database.vectorsOf?.(codes, plan);
  if (dense) checkVectors(vectors as Vectors, dim);
  if (dense) database.checkVectors?.(vectors as Vectors, plan);
  return ids.map((id, i) => {
    const point = pointOf(id, database.integerIds);
    const vector = vectors?.data.subarray(i * dim, (i + 1) * dim);
    const code = codes?.bytes.subarray(i * codec.stride, (i + 1) * codec.stride);
    const kept =
      mode === "sidecar" || mode === "payload" ? code : sumOf(code ?? bytesOf(vector as Float32Array));
    const payload = block.payloads?.[i];
    if (payload) checkPayload(payload, id);
    return { ...point, envelope: sealCode(point.id, rows(i), kept as Uint8Array), vector, payload };
  });
}

function codesOf(codec: Codec, { codes, vectors }: RowBlock): Codes {
  if (codes) {
    checkCodes(codes, codec.stride);
    return codes;
  }
  return codec.encode(vectors as Vectors);
}

/** CRC-32C, little-endian. */
export function sumOf(bytes: Uint8Array): Uint8Array {
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, kernels().crc32c(bytes, 0) >>> 0, true);
  return sum;
}

function bytesOf(row: Float32Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}

/** @throws INVALID_ARGUMENT for a field with a name of ours */
export function checkPayload(payload: Payload, id: Id): void {
  const ours = Object.keys(payload).find((name) => name.startsWith(ENVELOPE_FIELD));
  if (ours !== undefined)
    throw new PithError(
      "INVALID_ARGUMENT",
      `the fields of id ${String(id)}: names that begin with ${ENVELOPE_FIELD} are taken, got ${ours}`,
      {
        id,
        field: ours,
      },
    );
}

/** The type that the ids of a source have in a collection. */
export function idsOfSource(ids: IdColumn | undefined): RemoteIds {
  return ids === undefined ? "row" : ids.type;
}
