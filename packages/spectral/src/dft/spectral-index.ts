/**
 * SpectraLTM's index: codes in slots 0, 1, 2 ..., packed in memory as in a file, searched by cosine. It saves a Pith file (in
 * compat an SLTM file) and loads both.
 */
import {
  checkQuery,
  checkVectors,
  codecState,
  type Hits,
  PithError,
  parsePith,
  type Vectors,
} from "@pith/codec-core";
import type { SpectralCoder } from "./coder.ts";
import { coderOf, SpectralEncoder } from "./encoder.ts";
import { spectralDft } from "./family.ts";
import { phaseGrid } from "./grids.ts";
import { readLearned } from "./learned.ts";
import { keptBins } from "./params.ts";
import { isSltm, readSltm } from "./sltm.ts";
import { checkSpectralCodes, type SpectralCodes } from "./spectral-codes.ts";

export class SpectralIndex {
  readonly #coder: SpectralCoder;
  #rows: Uint8Array;
  #bytes = 0;

  /** Keeps the grids that the encoder has now. */
  constructor(encoder: SpectralEncoder) {
    this.#coder = coderOf(encoder);
    this.#rows = new Uint8Array(0);
  }

  /** Number of codes. */
  get size(): number {
    return this.#bytes / this.#coder.stride;
  }

  /** Bytes of all codes, scalars included. */
  get totalBytes(): number {
    return this.#bytes;
  }

  /** Adds codes; gives the slot of the first. @throws CODEC_MISMATCH, LENGTH_MISMATCH, CORRUPT_CODES */
  add(codes: SpectralCodes): number {
    checkSpectralCodes(codes, this.#coder.ranges);
    return this.#append(this.#coder.pack(codes));
  }

  /** Encodes and adds rows; gives the slot of the first. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, NOT_SUPPORTED */
  addEmbeddings(rows: Vectors): number {
    checkVectors(rows, this.#coder.dim);
    return this.#append(this.#coder.encode(rows));
  }

  /**
   * The min(k, size) best slots and their scores, best first, of equals the lower slot.
   * @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (k)
   */
  search(query: Float32Array, k: number): Hits {
    checkQuery(query, this.#coder.dim);
    return this.searchBatch({ data: query, dim: this.#coder.dim, count: 1 }, k)[0];
  }

  /** `search` of each query. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (k) */
  searchBatch(queries: Vectors, k: number): Hits[] {
    checkVectors(queries, this.#coder.dim);
    return this.#coder.topK(queries, this.#packed(), k);
  }

  /** The score of one slot. @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT (no such slot) */
  scoreOne(query: Float32Array, slot: number): number {
    checkQuery(query, this.#coder.dim);
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.size)
      throw new PithError("INVALID_ARGUMENT", `expected a slot from 0 to ${this.size - 1}, got ${slot}`, {
        expected: this.size,
        actual: slot,
      });
    const { stride } = this.#coder;
    return this.#coder.scores(query, this.#rows.subarray(slot * stride, (slot + 1) * stride))[0];
  }

  /** All codes. */
  codes(): SpectralCodes {
    return this.#coder.unpack(this.#packed());
  }

  /** The bytes of a Pith file of spectral-dft codes, which FlatIndex reads too; in compat of an SLTM file. */
  save(): Uint8Array {
    return this.#coder.save(this.#packed());
  }

  /**
   * An index from the bytes of a file that `save` or SpectraLTM 0.1 made.
   * @throws EMPTY_INPUT, UNSUPPORTED_FORMAT, VERSION_UNSUPPORTED, CORRUPT_FILE, CORRUPT_CODES, CHECKSUM_MISMATCH,
   * CODEC_MISMATCH, LIMIT_EXCEEDED
   */
  static load(bytes: Uint8Array): SpectralIndex {
    if (isSltm(bytes)) {
      const { shape, grids, codes } = readSltm(bytes);
      const encoder = new SpectralEncoder({ ...shape, compat: "spectraltm-0.1" });
      encoder.setGrids(grids);
      const index = new SpectralIndex(encoder);
      index.add(codes);
      return index;
    }
    const contents = parsePith(bytes);
    const state = codecState(contents);
    const codec = spectralDft.restore(state);
    if (codec.metric !== "cosine" || !codec.supports.trained)
      throw new PithError("CODEC_MISMATCH", "expected codes of a trained codec for cosine");
    const { magBits, phaseBits } = codec.params;
    const { levels, mean, table } = readLearned(state, magBits);
    const topK = keptBins(codec.dim, codec.params);
    const encoder = new SpectralEncoder({ dim: codec.dim, topK, magBits, phaseBits });
    encoder.setGrids({ magnitude: levels, phase: phaseGrid(phaseBits), norm: table, mean });
    const index = new SpectralIndex(encoder);
    const packed = contents.tensors["codes"].bytes;
    codec.verifyCodes({ bytes: packed, stride: codec.stride, count: contents.count });
    index.#append(packed);
    return index;
  }

  #packed(): Uint8Array {
    return this.#rows.subarray(0, this.#bytes);
  }

  #append(rows: Uint8Array): number {
    const first = this.size;
    const end = this.#bytes + rows.length;
    if (end > this.#rows.length) {
      const grown = new Uint8Array(Math.max(end, Math.ceil(1.5 * this.#bytes)));
      grown.set(this.#packed());
      this.#rows = grown;
    }
    this.#rows.set(rows, this.#bytes);
    this.#bytes = end;
    return first;
  }
}
