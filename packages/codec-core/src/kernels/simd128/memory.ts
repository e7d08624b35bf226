/** The module's memory, divided from the front for each call: arrays live until the next `Memory`. */
import type { Wasm } from "./instance.ts";

/** Between arrays: the kernels read and write in whole registers, and a row's end in up to 64 bytes. */
const SLACK = 128;

export class Memory {
  readonly #buffer: ArrayBuffer;
  #next: number;

  constructor(wasm: Wasm) {
    this.#buffer = wasm.memory.buffer;
    this.#next = (wasm.base() + 15) & ~15;
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(length), length);
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#buffer, this.#take(4 * length), length);
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(8 * length), length);
  }

  int16(length: number): Int16Array {
    return new Int16Array(this.#buffer, this.#take(2 * length), length);
  }

  uint16(length: number): Uint16Array {
    return new Uint16Array(this.#buffer, this.#take(2 * length), length);
  }

  uint32(length: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#take(4 * length), length);
  }

  #take(length: number): number {
    const at = this.#next;
    this.#next = (at + length + SLACK + 15) & ~15;
    return at;
  }
}
