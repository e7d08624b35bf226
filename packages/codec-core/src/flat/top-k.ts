/**
 * The k best of a stream of scores: a binary heap with the worst kept hit at its root, so that most rows cost one
 * comparison. Order: higher score first, equal scores by the lower slot. NaN counts as -Infinity.
 */
import type { Hits } from "../contract/hits.ts";
import { PithError, shown } from "../errors.ts";

export class TopK {
  readonly #k: number;
  readonly #slots: Uint32Array;
  readonly #scores: Float32Array;
  #size = 0;

  constructor(k: number) {
    this.#k = k;
    this.#slots = new Uint32Array(k);
    this.#scores = new Float32Array(k);
  }

  push(slot: number, score: number): void {
    const s = Number.isNaN(score) ? -Infinity : Math.fround(score);
    if (this.#size < this.#k) {
      this.#slots[this.#size] = slot;
      this.#scores[this.#size] = s;
      this.#up(this.#size++);
    } else if (s > this.#scores[0] || (s === this.#scores[0] && slot < this.#slots[0])) {
      this.#slots[0] = slot;
      this.#scores[0] = s;
      this.#down(0);
    }
  }

  /** Best first. The heap is left as it was. */
  hits(): Hits {
    const order = Array.from({ length: this.#size }, (_, i) => i).sort((a, b) =>
      this.#worse(a, b) ? 1 : -1,
    );
    const pick = <T extends Uint32Array | Float32Array>(from: T, into: T): T => {
      order.forEach((at, i) => {
        into[i] = from[at];
      });
      return into;
    };
    return {
      slots: pick(this.#slots, new Uint32Array(this.#size)),
      scores: pick(this.#scores, new Float32Array(this.#size)),
      length: this.#size,
    };
  }

  #worse(a: number, b: number): boolean {
    const [x, y] = [this.#scores[a], this.#scores[b]];
    return x < y || (x === y && this.#slots[a] > this.#slots[b]);
  }

  #swap(a: number, b: number): void {
    const [slot, score] = [this.#slots[a], this.#scores[a]];
    this.#slots[a] = this.#slots[b];
    this.#scores[a] = this.#scores[b];
    this.#slots[b] = slot;
    this.#scores[b] = score;
  }

  #up(i: number): void {
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#worse(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(i: number): void {
    for (;;) {
      let worst = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < this.#size && this.#worse(child, worst)) worst = child;
      if (worst === i) return;
      this.#swap(i, worst);
      i = worst;
    }
  }
}

/** @throws INVALID_ARGUMENT unless `k` is an integer from 1 */
export function checkK(k: number): number {
  if (Number.isSafeInteger(k) && k >= 1) return k;
  throw new PithError("INVALID_ARGUMENT", `expected k as an integer from 1, got ${shown(k)}`, {
    expected: 1,
    actual: k,
  });
}
