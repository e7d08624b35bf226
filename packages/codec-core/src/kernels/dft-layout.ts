/**
 * How codes of dft-codes.ts lie in memory. A row keeps K = topK of the F = floor(dim / 2) + 1 Fourier coefficients ("bins"),
 * in ascending order of the bin. Its bytes: a stream of bits, lowest first, whose last byte ends in zeros; then the
 * scalar, a byte that is a place in `table`, or a float32 where the table is empty; then under l2 |x|^2 as float32. All
 * little-endian.
 *
 * The stream: a map of B bits, then K fields. Field i: the phase (phaseBits), L low bits of the bin, the magnitude
 * (magBits), lowest first. B and L are the shortest of four ways to say which bins (the first of equals):
 *   all     K = F: B = L = 0; the bins are 0 to F - 1
 *   map     B = F, L = 0: bit b is set where bin b is kept
 *   split   L from 1 on, B = K + floor((F - 1) / 2^L): with h_i the bin's upper part, floor(bin_i / 2^L), bit h_i + i is set
 *   plain   B = 0, L = ceil(log2 F): the bins themselves
 * A map with more or fewer bits set than K is none that an encoder writes: such a row scores and decodes as a row of zeros.
 * A bin that is F or more holds nothing.
 *
 * Source of the split: Elias, "Efficient storage and retrieval by content and address of static files", J. ACM 1974.
 */
import type { Metric } from "../contract/metric.ts";

/** What all rows of one codec share. */
export interface DftLayout {
  readonly metric: Metric;
  readonly dim: number;
  /** Coefficients of a row, 1 to floor(dim / 2) + 1. */
  readonly topK: number;
  /** 0 to 8. */
  readonly magBits: number;
  /** 2 to 8. */
  readonly phaseBits: number;
  /** dim floats, or none. */
  readonly mean: Float32Array;
  /** 2^magBits magnitudes, ascending, above 0. */
  readonly levels: Float32Array;
  /** 256 floats: 0, then ascending ones above 0; or none, and scalars are floats. */
  readonly table: Float32Array;
}

/** The number of Fourier coefficients of a real vector. */
export function dftBins(dim: number): number {
  return Math.floor(dim / 2) + 1;
}

export type BinForm = "all" | "map" | "split" | "plain";

/** Where the parts of a row stand. */
export interface DftRecord {
  readonly form: BinForm;
  /** B. */
  readonly mapBits: number;
  /** L. */
  readonly lowBits: number;
  /** Bits of a field. */
  readonly fieldBits: number;
  /** Bytes of the stream. */
  readonly streamBytes: number;
  /** Bins that a row can name: F, or more where the last upper part has room. */
  readonly named: number;
}

export function dftRecord({ dim, topK, magBits, phaseBits }: DftShape): DftRecord {
  const bins = dftBins(dim);
  const width = Math.ceil(Math.log2(bins));
  const ways: [BinForm, number, number][] = topK === bins ? [["all", 0, 0]] : [["map", bins, 0]];
  for (let low = 1; low < width; low++) ways.push(["split", topK + Math.floor((bins - 1) / 2 ** low), low]);
  ways.push(["plain", 0, width]);
  const bits = ([, map, low]: [BinForm, number, number]): number => map + topK * low;
  const [form, mapBits, lowBits] = ways.reduce((best, way) => (bits(way) < bits(best) ? way : best));
  const fieldBits = phaseBits + lowBits + magBits;
  const streamBytes = Math.ceil((mapBits + topK * fieldBits) / 8);
  const named = (Math.floor((bins - 1) / 2 ** lowBits) + 1) * 2 ** lowBits;
  return { form, mapBits, lowBits, fieldBits, streamBytes, named };
}

export type DftShape = Pick<DftLayout, "dim" | "topK" | "magBits" | "phaseBits">;

/** Bytes of a row. */
export function dftStride(layout: DftLayout): number {
  const scalar = layout.table.length > 0 ? 1 : 4;
  return dftRecord(layout).streamBytes + scalar + (layout.metric === "l2" ? 4 : 0);
}

/** The coefficients of a row: its bins, and the places of their phases and magnitudes. */
export interface DftParts {
  readonly bins: Uint32Array;
  readonly phases: Uint8Array;
  readonly magnitudes: Uint8Array;
}

export function dftParts(topK: number): DftParts {
  return {
    bins: new Uint32Array(topK),
    phases: new Uint8Array(topK),
    magnitudes: new Uint8Array(topK),
  };
}

/** Writes parts, in ascending order of the bin, into the zeros at bytes[at ...]. */
export function packDftParts(
  shape: DftShape,
  record: DftRecord,
  parts: DftParts,
  bytes: Uint8Array,
  at: number,
): void {
  const { form, mapBits, lowBits, fieldBits } = record;
  const { phaseBits } = shape;
  let bit = 8 * at + mapBits;
  for (let i = 0; i < shape.topK; i++) {
    const bin = parts.bins[i];
    if (form === "map") setBit(bytes, 8 * at + bin);
    if (form === "split") setBit(bytes, 8 * at + (bin >>> lowBits) + i);
    putBits(bytes, bit, parts.phases[i], phaseBits);
    putBits(bytes, bit + phaseBits, bin & (2 ** lowBits - 1), lowBits);
    putBits(bytes, bit + phaseBits + lowBits, parts.magnitudes[i], shape.magBits);
    bit += fieldBits;
  }
}

/** Reads the parts of the row at bytes[at ...]; false, and nothing read, where the map hasn't K bits. */
export function unpackDftParts(
  shape: DftShape,
  record: DftRecord,
  bytes: Uint8Array,
  at: number,
  parts: DftParts,
): boolean {
  const { form, mapBits, lowBits, fieldBits } = record;
  const { topK, magBits, phaseBits } = shape;
  let found = 0;
  for (let b = 0; b < mapBits; b++) {
    if (((bytes[at + (b >>> 3)] >>> (b & 7)) & 1) === 0) continue;
    if (found < topK) parts.bins[found] = form === "map" ? b : (b - found) << lowBits;
    found++;
  }
  if (mapBits > 0 && found !== topK) return false;
  let bit = 8 * at + mapBits;
  for (let i = 0; i < topK; i++) {
    if (mapBits === 0) parts.bins[i] = form === "all" ? i : 0;
    parts.phases[i] = getBits(bytes, bit, phaseBits);
    parts.bins[i] |= getBits(bytes, bit + phaseBits, lowBits);
    parts.magnitudes[i] = getBits(bytes, bit + phaseBits + lowBits, magBits);
    bit += fieldBits;
  }
  return true;
}

function setBit(bytes: Uint8Array, bit: number): void {
  bytes[Math.floor(bit / 8)] |= 1 << (bit % 8);
}

/** Up to 16 bits; `bit` counts over the whole array. */
function putBits(bytes: Uint8Array, bit: number, value: number, count: number): void {
  const held = value << (bit % 8);
  const first = Math.floor(bit / 8);
  for (let i = 0; 8 * i < count + (bit % 8); i++) bytes[first + i] |= held >>> (8 * i);
}

function getBits(bytes: Uint8Array, bit: number, count: number): number {
  const first = Math.floor(bit / 8);
  let held = 0;
  for (let i = 0; 8 * i < count + (bit % 8); i++) held |= bytes[first + i] << (8 * i);
  return (held >>> (bit % 8)) & (2 ** count - 1);
}
