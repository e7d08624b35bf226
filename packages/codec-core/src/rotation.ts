/** A seeded rotation of rows, as codecs use it: the signs of kernels/hadamard.ts from SplitMix64. */
import { checkDim } from "./contract/vectors.ts";
import { PithError } from "./errors.ts";
import { kernels } from "./kernels/backend.ts";
import { signWords } from "./kernels/hadamard.ts";
import { SplitMix64 } from "./random.ts";

/** Rows of a norm from here on could overflow while they are rotated. */
const NORM_LIMIT: number = 2 ** 100;
/** Floats rotated at a time where a codec goes on with them: they stay in the second-level cache. */
const BLOCK_FLOATS = 65_536;

export class HadamardRotation {
  readonly dim: number;
  readonly seed: number;
  readonly rounds: number;
  /** Sign bits as the kernels read them: whole rounds of 2 ceil(dim / 64) words. Not to be changed. */
  readonly signs: Uint32Array;

  /**
   * `seed`: an integer from 0 to 2^53 - 1; each round takes one 64-bit number for 64 signs, lowest bit first, a set
   * bit negates. `rounds`: default 2 where `dim` is a power of two, else 4; after fewer a one-hot row is still seen.
   * @throws DIM_UNSUPPORTED
   */
  constructor(dim: number, seed: number, rounds: number = (dim & (dim - 1)) === 0 ? 2 : 4) {
    this.dim = checkDim(dim);
    this.seed = seed;
    this.rounds = rounds;
    const random = new SplitMix64(seed);
    const words = new BigUint64Array((rounds * signWords(dim)) / 2).map(() => random.next());
    // Two words of 32 bits, the low one first, whatever the byte order of this machine.
    this.signs = Uint32Array.from({ length: 2 * words.length }, (_, i) =>
      Number((words[i >> 1] >> (i & 1 ? 32n : 0n)) & 0xffffffffn),
    );
  }

  /** Rotates rows into new memory. @throws INVALID_ARGUMENT (with the row) for a row of a norm from 2^100 on */
  rotate(data: Float32Array): Float32Array {
    this.check(data);
    const out = new Float32Array(data.length);
    kernels().hadamard(data, this.dim, this.signs, false, out);
    return out;
  }

  /** The inverse, for rows that `rotate` made: writes `data.length` floats into `out`, which is other memory. */
  unrotateInto(data: Float32Array, out: Float32Array): void {
    kernels().hadamard(data, this.dim, this.signs, true, out);
  }

  /** Rotates rows a block at a time in the same memory: what an encoder reads. The rows were checked. */
  *blocks(data: Float32Array): Generator<{ readonly start: number; readonly rows: Float32Array }> {
    const size = Math.max(1, Math.floor(BLOCK_FLOATS / this.dim)) * this.dim;
    const memory = new Float32Array(Math.min(size, data.length));
    for (let at = 0; at < data.length; at += size) {
      const part = data.subarray(at, at + size);
      const rows = memory.subarray(0, part.length);
      kernels().hadamard(part, this.dim, this.signs, false, rows);
      yield { start: at / this.dim, rows };
    }
  }

  /** @throws INVALID_ARGUMENT with the first row of a norm from 2^100 on */
  check(data: Float32Array): void {
    const norms = new Float32Array(data.length / this.dim);
    kernels().norms(data, this.dim, norms);
    const row = norms.findIndex((norm) => !(norm < NORM_LIMIT));
    if (row >= 0)
      throw new PithError("INVALID_ARGUMENT", `row ${row}: expected a norm below 2^100, got ${norms[row]}`, {
        row,
        expected: NORM_LIMIT,
        actual: norms[row],
      });
  }
}
