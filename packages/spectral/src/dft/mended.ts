/** The codec spectral-dft as SpectralEncoder and SpectralIndex see it: cosine, calibrated, with its scalar as a byte. */
import {
  type Codes,
  checkSample,
  codecStamp,
  type DftLayout,
  dftBins,
  dftParts,
  dftRecord,
  type Hits,
  isScalarTable,
  PithError,
  packDftParts,
  SCALAR_PLACES,
  serializePith,
  stateTensors,
  unpackDftParts,
  type Vectors,
} from "@pith/codec-core";
import { layoutOf, MIN_SAMPLE, SpectralDftCodec } from "./codec.ts";
import type { SpectralCoder } from "./coder.ts";
import { learn, unlearned } from "./family.ts";
import { phaseGrid, type SpectralGrids } from "./grids.ts";
import { isTrained, type Learned } from "./learned.ts";
import { areLevels } from "./levels.ts";
import type { SpectralDftParams } from "./params.ts";
import { type CodeRanges, emptyCodes, type SpectralCodes } from "./spectral-codes.ts";

export class MendedCoder implements SpectralCoder {
  readonly dim: number;
  readonly ranges: CodeRanges;
  readonly stride: number;
  readonly grids: SpectralGrids;
  readonly #params: SpectralDftParams;
  readonly #learned: Learned;
  readonly #codec: SpectralDftCodec;
  readonly #layout: DftLayout;

  constructor(dim: number, params: SpectralDftParams, learned: Learned = unlearned(dim, params)) {
    this.dim = dim;
    this.#params = params;
    this.#learned = learned;
    this.#codec = new SpectralDftCodec(dim, "cosine", params, learned);
    this.#layout = layoutOf(dim, "cosine", params, learned);
    this.stride = dftRecord(this.#layout).streamBytes + 1;
    this.ranges = {
      topK: this.#layout.topK,
      bins: dftBins(dim),
      magnitudes: 2 ** params.magBits,
      phases: 2 ** params.phaseBits,
      norms: SCALAR_PLACES,
    };
    this.grids = {
      magnitude: learned.levels,
      phase: phaseGrid(params.phaseBits),
      norm: learned.table,
      mean: learned.mean,
    };
  }

  calibrated(sample: Vectors): MendedCoder {
    checkSample(sample, this.dim, MIN_SAMPLE);
    return new MendedCoder(this.dim, this.#params, learn(sample, "cosine", this.#params));
  }

  withGrids({ magnitude, phase, norm, mean = new Float32Array(this.dim) }: SpectralGrids): MendedCoder {
    const own = this.grids;
    const levels = this.ranges.magnitudes === 1 ? magnitude[0] === 1 : areLevels(magnitude);
    if (magnitude.length !== this.ranges.magnitudes || !levels)
      throw invalid(
        `${this.ranges.magnitudes} magnitudes that ascend above 0 (1 alone where they have no bits)`,
      );
    if (phase.length !== own.phase.length || !phase.every((x, i) => x === own.phase[i]))
      throw invalid(`${own.phase.length} phases at equal steps from 0`);
    if (!isScalarTable(norm)) throw invalid(`${SCALAR_PLACES} scalars: 0, then ascending ones`);
    if (mean.length !== this.dim || !mean.every(Number.isFinite))
      throw invalid(`a mean of ${this.dim} floats`);
    const learned = { levels: magnitude.slice(), mean: mean.slice(), table: norm.slice() };
    return new MendedCoder(this.dim, this.#params, learned);
  }

  encode(rows: Vectors): Uint8Array {
    return this.#ready().encode(rows).bytes;
  }

  pack(codes: SpectralCodes): Uint8Array {
    const record = dftRecord(this.#layout);
    const { topK } = codes;
    const out = new Uint8Array(codes.count * this.stride);
    const parts = dftParts(topK);
    for (let row = 0; row < codes.count; row++) {
      if (codes.normQ[row] === 0) continue;
      const order = Array.from({ length: topK }, (_, i) => row * topK + i);
      order.sort((a, b) => codes.idx[a] - codes.idx[b]);
      order.forEach((from, i) => {
        parts.bins[i] = codes.idx[from];
        parts.phases[i] = codes.phaseQ[from];
        parts.magnitudes[i] = codes.magQ[from];
      });
      packDftParts(this.#layout, record, parts, out, row * this.stride);
      out[(row + 1) * this.stride - 1] = codes.normQ[row];
    }
    this.#ready().verifyCodes(this.#codes(out));
    return out;
  }

  unpack(packed: Uint8Array): SpectralCodes {
    const record = dftRecord(this.#layout);
    const { topK } = this.ranges;
    const codes = emptyCodes(packed.length / this.stride, topK);
    const parts = dftParts(topK);
    for (let row = 0; row < codes.count; row++) {
      codes.normQ[row] = packed[(row + 1) * this.stride - 1];
      if (codes.normQ[row] === 0) continue;
      unpackDftParts(this.#layout, record, packed, row * this.stride, parts);
      codes.idx.set(parts.bins, row * topK);
      codes.phaseQ.set(parts.phases, row * topK);
      codes.magQ.set(parts.magnitudes, row * topK);
    }
    return codes;
  }

  scores(query: Float32Array, packed: Uint8Array): Float32Array {
    const out = new Float32Array(packed.length / this.stride);
    this.#ready().scorer("cosine").prepare(query).scoreInto(this.#codes(packed), out);
    return out;
  }

  topK(queries: Vectors, packed: Uint8Array, k: number): Hits[] {
    return this.#ready().scorer("cosine").topKBatch(queries, this.#codes(packed), k);
  }

  save(packed: Uint8Array): Uint8Array {
    const state = this.#ready().state();
    const count = packed.length / this.stride;
    const codes = { dtype: "U8", shape: [count, this.stride], bytes: packed } as const;
    return serializePith({
      kind: "codes",
      dim: this.dim,
      count,
      metric: "cosine",
      codec: codecStamp(state),
      tensors: { ...stateTensors(state), codes },
    });
  }

  #codes(bytes: Uint8Array): Codes {
    return { bytes, stride: this.stride, count: bytes.length / this.stride };
  }

  /** @throws NOT_SUPPORTED before calibration: a byte stands for a scalar of the range that a sample has */
  #ready(): SpectralDftCodec {
    if (isTrained(this.#learned)) return this.#codec;
    throw new PithError("NOT_SUPPORTED", "expected an encoder that was calibrated, or given its grids");
  }
}

function invalid(expected: string): PithError {
  return new PithError("INVALID_ARGUMENT", `expected ${expected}`, { expected });
}
