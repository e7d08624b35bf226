/**
 * SpectraLTM's encoder: rows to sparse spectral codes, and the grids behind them. By default its faults are mended, and what
 * it makes are the codes of spectral-dft (codec.ts) with a byte for the scalar: phases that go round, levels and a range of
 * scalars from a sample, a mean taken off, scores of the whole query. With `compat: "spectraltm-0.1"` codes and scores are
 * those of the original (compat.ts).
 */
import {
  checkDim,
  checkQuery,
  checkVectors,
  dftBins,
  type OptionSchema,
  PithError,
  readOptions,
  type Vectors,
} from "@pith/codec-core";
import type { SpectralCoder } from "./coder.ts";
import { CompatCoder } from "./compat.ts";
import type { SpectralGrids } from "./grids.ts";
import { MendedCoder } from "./mended.ts";
import type { SpectralCodes } from "./spectral-codes.ts";

export interface SpectralEncoderOptions {
  /** From 4. */
  readonly dim: number;
  /** Coefficients that a code keeps, 1 to floor(dim / 2) + 1. */
  readonly topK: number;
  /** 0 to 8. */
  readonly magBits: number;
  /** 2 to 8; 0 to 8 in compat. */
  readonly phaseBits: number;
  /** 8, the default; 0 to 16 in compat. */
  readonly normBits?: number;
  readonly compat?: "spectraltm-0.1";
}

const COMPAT = "spectraltm-0.1";

const coders = new WeakMap<SpectralEncoder, () => SpectralCoder>();

/** What an encoder does now. For SpectralIndex. */
export function coderOf(encoder: SpectralEncoder): SpectralCoder {
  return (coders.get(encoder) as () => SpectralCoder)();
}

export class SpectralEncoder {
  readonly options: Readonly<Required<Omit<SpectralEncoderOptions, "compat">>> & {
    readonly compat: "spectraltm-0.1" | undefined;
  };
  #coder: SpectralCoder;

  /** @throws INVALID_OPTION, DIM_UNSUPPORTED */
  constructor(options: SpectralEncoderOptions) {
    const { dim, compat, ...rest } = options;
    if (compat !== undefined && compat !== COMPAT) throw invalid("compat", `"${COMPAT}"`, compat);
    checkDim(dim);
    if (dim < 4)
      throw new PithError("DIM_UNSUPPORTED", `expected a dim from 4, got ${dim}`, {
        expected: 4,
        actual: dim,
      });
    const range = (min: number, max: number, about: string) =>
      ({ type: "integer", default: Number.NaN, min, max, about }) as const;
    const schema: OptionSchema = {
      topK: range(1, dftBins(dim), "coefficients"),
      magBits: range(0, 8, "bits of a magnitude"),
      phaseBits: range(compat ? 0 : 2, 8, "bits of a phase"),
      normBits: range(compat ? 0 : 8, compat ? 16 : 8, "bits of a scalar"),
    };
    const read = readOptions(schema, { normBits: 8, ...rest }) as { [name: string]: number };
    for (const [name, value] of Object.entries(read))
      if (Number.isNaN(value)) throw invalid(name, "an integer", undefined);
    const { topK, magBits, phaseBits, normBits } = read;
    this.options = { dim, topK, magBits, phaseBits, normBits, compat };
    this.#coder = compat
      ? new CompatCoder({ dim, topK, magBits, phaseBits, normBits })
      : new MendedCoder(dim, { topK, magBits, phaseBits });
    coders.set(this, () => this.#coder);
  }

  get dim(): number {
    return this.options.dim;
  }

  /** Bytes of a code in an index, its scalar included. */
  get bytesPerChunk(): number {
    return this.#coder.stride;
  }

  /** Copies. */
  get grids(): SpectralGrids {
    const { magnitude, phase, norm, mean } = this.#coder.grids;
    const copies = { magnitude: magnitude.slice(), phase: phase.slice(), norm: norm.slice() };
    return mean ? { ...copies, mean: mean.slice() } : copies;
  }

  /**
   * Learns the grids from a sample, 100 rows or more (in compat any number: none changes nothing). Indexes keep the grids
   * that the encoder had when they were made.
   * @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, SAMPLE_TOO_SMALL
   */
  calibrate(sample: Vectors): void {
    checkVectors(sample, this.dim);
    this.#coder = this.#coder.calibrated(sample);
  }

  /** Takes grids as `grids` gave them; they are copied. @throws INVALID_ARGUMENT */
  setGrids(grids: SpectralGrids): void {
    this.#coder = this.#coder.withGrids(grids);
  }

  /** The code of one vector. @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT, NOT_SUPPORTED (not calibrated) */
  encode(row: Float32Array): SpectralCodes {
    checkQuery(row, this.dim);
    return this.encodeBatch({ data: row, dim: this.dim, count: 1 });
  }

  /** The codes of rows. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, NOT_SUPPORTED (not calibrated) */
  encodeBatch(rows: Vectors): SpectralCodes {
    checkVectors(rows, this.dim);
    return this.#coder.unpack(this.#coder.encode(rows));
  }
}

function invalid(option: string, expected: string, actual: unknown): PithError {
  return new PithError("INVALID_OPTION", `option "${option}": expected ${expected}, got ${String(actual)}`, {
    option,
    expected,
    actual,
  });
}
