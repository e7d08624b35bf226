/**
 * SpectraLTM 0.1 as it was, its faults among the rest, so that its codes and scores can be made and read. With
 * u = x / max(|x|, 1e-9), X the transform of u, F = floor(dim / 2) + 1 bins and grids of float32:
 *   keep       the K bins of greatest |X_b|, in this order, of equals the lower; where K is F all in their own order
 *   magnitude  the first grid point of least |ln g - ln |X_b||; phase: of least |g - phi|, phi = atan2(Im, Re) in [0, 2 pi),
 *              without going round at 2 pi; norm: the first of least |ln g - ln |x||
 *   score      sum over the bins that query and row both keep of w_b m_q m cos(phi_q - phi), by dim n_q n, with dequantised
 *              magnitudes, phases and norms, w_b 1 for the first and the last bin and 2 for others (in odd dims the last one
 *              is wrong)
 *   calibrate  the magnitudes' grid from the 1st to the 99th percentile of the sample's kept magnitudes, lo at least 1e-3,
 *              hi at least 10 lo; before, from 1e-3 to sqrt(F). Norms: always from 0.5 to 2, which has no point at 1
 * In float64 but for the grids. A vector of unit length is divided by its rounded norm again, and by the query's.
 *
 * Source: SpectraLTM 0.1 (2026).
 */
import { dftBins, type Hits, hitCount, kernels, PithError, TopK, type Vectors } from "@pith/codec-core";
import { packRows, rowBytes, unpackRows } from "./bit-rows.ts";
import type { SpectralCoder } from "./coder.ts";
import { geometricGrid, phaseGrid, type SpectralGrids } from "./grids.ts";
import { writeSltm } from "./sltm.ts";
import { type CodeRanges, emptyCodes, type SpectralCodes } from "./spectral-codes.ts";

export interface CompatShape {
  readonly dim: number;
  readonly topK: number;
  readonly magBits: number;
  readonly phaseBits: number;
  readonly normBits: number;
}

/** Of a row of `dim` floats. */
interface Sparse {
  readonly norm: number;
  readonly bins: readonly number[];
  readonly magnitudes: readonly number[];
  readonly phases: readonly number[];
}

export class CompatCoder implements SpectralCoder {
  readonly dim: number;
  readonly shape: CompatShape;
  readonly ranges: CodeRanges;
  readonly stride: number;
  readonly grids: SpectralGrids;
  readonly #widths: Uint8Array;

  constructor(shape: CompatShape, grids?: SpectralGrids) {
    const { dim, topK, magBits, phaseBits, normBits } = shape;
    const bins = dftBins(dim);
    this.dim = dim;
    this.shape = shape;
    this.ranges = {
      topK,
      bins,
      magnitudes: 2 ** magBits,
      phases: 2 ** phaseBits,
      norms: 2 ** normBits,
    };
    this.grids = grids ?? {
      magnitude: geometricGrid(1e-3, Math.sqrt(bins), magBits),
      phase: phaseGrid(phaseBits),
      norm: geometricGrid(0.5, 2, normBits),
    };
    const each = [Math.ceil(Math.log2(bins)), magBits, phaseBits];
    // The scalar begins at a byte of its own.
    const code = topK * (each[0] + magBits + phaseBits);
    const pad = 8 * Math.ceil(code / 8) - code;
    this.#widths = Uint8Array.from([...Array.from({ length: topK }, () => each).flat(), pad, normBits]);
    this.stride = rowBytes(this.#widths);
  }

  calibrated(sample: Vectors): CompatCoder {
    const pool: number[] = [];
    for (const { magnitudes } of this.#rows(sample)) pool.push(...magnitudes);
    if (pool.length === 0) return this;
    const sorted = Float64Array.from(pool).sort();
    const at = (share: number): number =>
      sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
    const lo = Math.max(at(0.01), 1e-3);
    const hi = Math.max(at(0.99), 10 * lo);
    return this.withGrids({ ...this.grids, magnitude: geometricGrid(lo, hi, this.shape.magBits) });
  }

  withGrids(grids: SpectralGrids): CompatCoder {
    const { magnitudes, phases, norms } = this.ranges;
    for (const [name, length] of [
      ["magnitude", magnitudes],
      ["phase", phases],
      ["norm", norms],
    ] as const) {
      const grid = grids[name];
      if (
        !(grid instanceof Float32Array) ||
        grid.length !== length ||
        !grid.every((x) => x >= 0 && x < Infinity)
      )
        throw new PithError(
          "INVALID_ARGUMENT",
          `expected a grid of ${length} ${name}s from 0 as a Float32Array`,
          {
            expected: length,
            actual: grid?.length,
          },
        );
    }
    const { magnitude, phase, norm } = grids;
    return new CompatCoder(this.shape, {
      magnitude: magnitude.slice(),
      phase: phase.slice(),
      norm: norm.slice(),
    });
  }

  encode(rows: Vectors): Uint8Array {
    const { topK } = this.shape;
    const codes = emptyCodes(rows.count, topK);
    const [lnMagnitudes, lnNorms] = [this.grids.magnitude, this.grids.norm].map((g) =>
      Float64Array.from(g, Math.log),
    );
    const phases = Float64Array.from(this.grids.phase);
    let row = 0;
    for (const sparse of this.#rows(rows)) {
      sparse.bins.forEach((b, i) => {
        codes.idx[row * topK + i] = b;
        codes.magQ[row * topK + i] = nearest(lnMagnitudes, Math.log(sparse.magnitudes[i]));
        codes.phaseQ[row * topK + i] = nearest(phases, sparse.phases[i]);
      });
      codes.normQ[row++] = nearest(lnNorms, Math.log(sparse.norm));
    }
    return this.pack(codes);
  }

  pack({ count, topK, idx, magQ, phaseQ, normQ }: SpectralCodes): Uint8Array {
    const width = this.#widths.length;
    const numbers = new Uint16Array(count * width);
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < topK; i++)
        numbers.set([idx[row * topK + i], magQ[row * topK + i], phaseQ[row * topK + i]], row * width + 3 * i);
      numbers[(row + 1) * width - 1] = normQ[row];
    }
    return packRows(numbers, this.#widths);
  }

  unpack(packed: Uint8Array): SpectralCodes {
    const { topK } = this.shape;
    const width = this.#widths.length;
    const numbers = unpackRows(packed, this.#widths);
    const codes = emptyCodes(numbers.length / width, topK);
    for (let row = 0; row < codes.count; row++) {
      for (let i = 0; i < topK; i++) {
        const at = row * width + 3 * i;
        codes.idx[row * topK + i] = numbers[at];
        codes.magQ[row * topK + i] = numbers[at + 1];
        codes.phaseQ[row * topK + i] = numbers[at + 2];
      }
      codes.normQ[row] = numbers[(row + 1) * width - 1];
    }
    return codes;
  }

  scores(query: Float32Array, packed: Uint8Array): Float32Array {
    const asked = this.unpack(this.encode({ data: query, dim: this.dim, count: 1 }));
    return this.#scores(asked, this.unpack(packed));
  }

  topK(queries: Vectors, packed: Uint8Array, k: number): Hits[] {
    const codes = this.unpack(packed);
    const hits = hitCount(codes.count, k);
    return Array.from({ length: queries.count }, (_, q) => {
      const query = queries.data.subarray(q * this.dim, (q + 1) * this.dim);
      const heap = new TopK(hits);
      const asked = this.unpack(this.encode({ data: query, dim: this.dim, count: 1 }));
      this.#scores(asked, codes).forEach((score, slot) => {
        heap.push(slot, score);
      });
      return heap.hits();
    });
  }

  save(packed: Uint8Array): Uint8Array {
    return writeSltm(this.shape, this.grids, this.unpack(packed));
  }

  #scores(query: SpectralCodes, codes: SpectralCodes): Float32Array {
    const { magnitude, phase, norm } = this.grids;
    const { topK, bins } = this.ranges;
    /** Where a row keeps each bin, -1 where it doesn't. */
    const kept = new Int32Array(bins);
    return Float32Array.from({ length: codes.count }, (_, row) => {
      kept.fill(-1);
      for (let i = row * topK; i < (row + 1) * topK; i++) kept[codes.idx[i]] = i;
      let sum = 0;
      for (let i = 0; i < topK; i++) {
        const b = query.idx[i];
        const at = kept[b];
        if (at < 0) continue;
        const weight = b === 0 || b === bins - 1 ? 1 : 2;
        const angle = phase[query.phaseQ[i]] - phase[codes.phaseQ[at]];
        sum += weight * magnitude[query.magQ[i]] * magnitude[codes.magQ[at]] * Math.cos(angle);
      }
      const by = this.dim * norm[query.normQ[0]] * norm[codes.normQ[row]];
      return by > 0 ? sum / by : 0;
    });
  }

  *#rows({ data, dim, count }: Vectors): Generator<Sparse> {
    const { topK, bins } = this.ranges;
    const spectrum = new Float64Array(2 * bins);
    for (let row = 0; row < count; row++) {
      const x = data.subarray(row * dim, (row + 1) * dim);
      const norm = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
      kernels().dftSpectra(x, dim, spectrum);
      const by = Math.max(norm, 1e-9);
      // Bins that are their own conjugates are real, but for rounding; + 0 takes the sign off zeros.
      const [re, im] = [0, 1].map((part) =>
        Array.from({ length: bins }, (_, b) =>
          part === 1 && (b === 0 || 2 * b === dim) ? 0 : spectrum[2 * b + part] / by + 0,
        ),
      );
      const sizes = re.map((x, b) => Math.hypot(x, im[b]));
      const order = Array.from(sizes.keys());
      if (topK < bins) order.sort((a, b) => sizes[b] - sizes[a]);
      const kept = order.slice(0, topK);
      yield {
        norm,
        bins: kept,
        magnitudes: kept.map((b) => sizes[b]),
        phases: kept.map((b) => {
          const angle = Math.atan2(im[b], re[b]);
          return (angle < 0 ? angle + 2 * Math.PI : angle) % (2 * Math.PI);
        }),
      };
    }
  }
}

/** The first place of least distance. */
function nearest(grid: Float64Array, x: number): number {
  let [place, least] = [0, Infinity];
  for (let i = 0; i < grid.length; i++) {
    const distance = Math.abs(grid[i] - x);
    if (distance < least) [place, least] = [i, distance];
  }
  return place;
}
