/**
 * SpectraLTM's file, SLTM version 1, little-endian: 0 "SLTM"; 4 u32 version; 8 u32 dim; 12 u32 top_k; 16 u8 bits of
 * magnitudes, 17 of phases, 18 of norms; 19 zeros; 24 u64 rows N; from 32 float32: the grids of magnitudes, phases and
 * norms; N x F magnitudes and N x F phases of dense rows, 0 where a bin isn't kept; N norms. It has no checksum, and is
 * larger than the vectors. The codes come back from the dense rows, each number being a point of its grid; their order from
 * the magnitudes, of equals the lower bin first.
 *
 * A header is a stranger's: sizes are compared with the length of the file before anything is made of them.
 */
import { dftBins, PithError } from "@pith/codec-core";
import type { CompatShape } from "./compat.ts";
import type { SpectralGrids } from "./grids.ts";
import { emptyCodes, type SpectralCodes } from "./spectral-codes.ts";

const MAGIC = "SLTM";
const VERSION = 1;
const HEADER = 32;

export interface SltmContents {
  readonly shape: CompatShape;
  readonly grids: SpectralGrids;
  readonly codes: SpectralCodes;
}

export function isSltm(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === MAGIC;
}

export function writeSltm(shape: CompatShape, grids: SpectralGrids, codes: SpectralCodes): Uint8Array {
  const { dim, topK, magBits, phaseBits, normBits } = shape;
  const bins = dftBins(dim);
  const out = new Uint8Array(Number(fileBytes(shape, BigInt(codes.count))));
  out.set([...MAGIC].map((c) => c.charCodeAt(0)));
  const view = new DataView(out.buffer);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, dim, true);
  view.setUint32(12, topK, true);
  out.set([magBits, phaseBits, normBits], 16);
  view.setBigUint64(24, BigInt(codes.count), true);
  let at = HEADER;
  for (const grid of [grids.magnitude, grids.phase, grids.norm])
    for (const x of grid) {
      view.setFloat32(at, x, true);
      at += 4;
    }
  const phasesAt = at + 4 * codes.count * bins;
  codes.idx.forEach((b, i) => {
    const cell = 4 * (Math.floor(i / topK) * bins + b);
    view.setFloat32(at + cell, grids.magnitude[codes.magQ[i]], true);
    view.setFloat32(phasesAt + cell, grids.phase[codes.phaseQ[i]], true);
  });
  const normsAt = phasesAt + 4 * codes.count * bins;
  codes.normQ.forEach((place, row) => {
    view.setFloat32(normsAt + 4 * row, grids.norm[place], true);
  });
  return out;
}

/** @throws EMPTY_INPUT, UNSUPPORTED_FORMAT, VERSION_UNSUPPORTED, CORRUPT_FILE */
export function readSltm(bytes: Uint8Array): SltmContents {
  if (bytes.length === 0) throw new PithError("EMPTY_INPUT", "expected an SLTM file, got no bytes");
  if (bytes.length >= 4 && !isSltm(bytes))
    throw new PithError("UNSUPPORTED_FORMAT", "expected an SLTM file: it begins with other letters");
  if (bytes.length < HEADER) throw corrupt(`expected a header of ${HEADER} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(4, true);
  if (version !== VERSION)
    throw new PithError("VERSION_UNSUPPORTED", `expected SLTM of version ${VERSION}, got ${version}`, {
      expected: VERSION,
      actual: version,
    });
  const shape = readShape(view, bytes);
  const rows = view.getBigUint64(24, true);
  const expected = fileBytes(shape, rows);
  if (expected !== BigInt(bytes.length))
    throw corrupt(`expected ${expected} bytes for ${rows} rows, got ${bytes.length}`);
  let at = HEADER;
  const floats = (length: number): Float32Array => {
    const part = Float32Array.from({ length }, (_, i) => view.getFloat32(at + 4 * i, true));
    at += 4 * length;
    return part;
  };
  const grids = {
    magnitude: floats(2 ** shape.magBits),
    phase: floats(2 ** shape.phaseBits),
    norm: floats(2 ** shape.normBits),
  };
  for (const [name, grid] of Object.entries(grids))
    if (!grid.every((x, i) => x >= 0 && x < Infinity && (i === 0 || x >= grid[i - 1])))
      throw corrupt(`expected a grid of ${name}s that ascends from 0`);
  return { shape, grids, codes: readCodes(shape, grids, Number(rows), view, at) };
}

function readShape(view: DataView, bytes: Uint8Array): CompatShape {
  const [dim, topK] = [view.getUint32(8, true), view.getUint32(12, true)];
  const [magBits, phaseBits, normBits] = bytes.subarray(16, 19);
  if (dim < 4 || dim > 65_536) throw corrupt(`expected a dim from 4 to 65536, got ${dim}`);
  if (topK < 1 || topK > dftBins(dim))
    throw corrupt(`expected 1 to ${dftBins(dim)} coefficients, got ${topK}`);
  if (magBits > 8 || phaseBits > 8 || normBits > 16)
    throw corrupt(`expected up to 8, 8 and 16 bits, got ${magBits}, ${phaseBits} and ${normBits}`);
  if (bytes.subarray(19, 24).some((b) => b !== 0)) throw corrupt("expected zeros in bytes 19 to 23");
  return { dim, topK, magBits, phaseBits, normBits };
}

/** Exact, whatever the header says. */
function fileBytes({ dim, magBits, phaseBits, normBits }: CompatShape, rows: bigint): bigint {
  const fixed = HEADER + 4 * (2 ** magBits + 2 ** phaseBits + 2 ** normBits);
  return BigInt(fixed) + rows * BigInt(8 * dftBins(dim) + 4);
}

function readCodes(
  { dim, topK }: CompatShape,
  grids: SpectralGrids,
  count: number,
  view: DataView,
  magnitudesAt: number,
): SpectralCodes {
  const bins = dftBins(dim);
  const phasesAt = magnitudesAt + 4 * count * bins;
  const normsAt = phasesAt + 4 * count * bins;
  const [magnitudeOf, phaseOf, normOf] = [places(grids.magnitude), places(grids.phase), places(grids.norm)];
  const codes = emptyCodes(count, topK);
  for (let row = 0; row < count; row++) {
    const kept: { b: number; size: number; phase: number }[] = [];
    for (let b = 0; b < bins; b++) {
      const size = view.getFloat32(magnitudesAt + 4 * (row * bins + b), true);
      const phase = view.getFloat32(phasesAt + 4 * (row * bins + b), true);
      if (size !== 0) kept.push({ b, size, phase });
    }
    if (kept.length !== topK) throw corrupt(`row ${row}: expected ${topK} coefficients, got ${kept.length}`);
    kept.sort((x, y) => y.size - x.size);
    kept.forEach(({ b, size, phase }, i) => {
      codes.idx[row * topK + i] = b;
      codes.magQ[row * topK + i] = magnitudeOf(size, row);
      codes.phaseQ[row * topK + i] = phaseOf(phase, row);
    });
    codes.normQ[row] = normOf(view.getFloat32(normsAt + 4 * row, true), row);
  }
  return codes;
}

/** The first place of a number in a grid. */
function places(grid: Float32Array): (x: number, row: number) => number {
  const known = new Map<number, number>();
  grid.forEach((x, i) => {
    if (!known.has(x)) known.set(x, i);
  });
  return (x, row) => {
    const place = known.get(x);
    if (place === undefined) throw corrupt(`row ${row}: expected a point of its grid, got ${x}`);
    return place;
  };
}

function corrupt(message: string): PithError {
  return new PithError("CORRUPT_FILE", `SLTM: ${message}`);
}
