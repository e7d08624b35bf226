/**
 * A strict JSON scanner over bytes (RFC 8259), for headers of strangers. The caller walks the shape that it expects,
 * so nesting is as deep as that shape and no deeper. Unlike JSON.parse it refuses repeated names and numbers beyond
 * 2^53 - 1, and tells at which bytes a value stands.
 */
import { corrupt, quote } from "./corrupt.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

export interface ScannedString {
  readonly value: string;
  /** First byte after the opening quote, and the closing quote. */
  readonly start: number;
  readonly end: number;
}

export class JsonScanner {
  readonly #bytes: Uint8Array;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Calls `member` for each name, with the scanner before its value. @throws CORRUPT_FILE, also for a repeated name */
  object(member: (name: string) => void): void {
    this.#expect("{");
    if (this.#skip("}")) return;
    const seen = new Set<string>();
    do {
      const name = this.string().value;
      if (seen.has(name)) throw this.fail(`the name ${quote(name)} stands twice`);
      seen.add(name);
      this.#expect(":");
      member(name);
    } while (this.#skip(","));
    this.#expect("}");
  }

  array(item: (index: number) => void): void {
    this.#expect("[");
    if (this.#skip("]")) return;
    let index = 0;
    do item(index++);
    while (this.#skip(","));
    this.#expect("]");
  }

  string(): ScannedString {
    this.#expect('"');
    const start = this.#at;
    let escaped = false;
    for (; ; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw this.fail("a string has no end");
      if (byte === QUOTE) break;
      if (byte < 0x20) throw this.fail("a control character in a string");
      if (byte !== BACKSLASH) continue;
      escaped = true;
      this.#at++;
    }
    const end = this.#at++;
    return { value: this.#decode(start, end, escaped), start, end };
  }

  /** An integer from 0 to 2^53 - 1, in its only spelling: no sign, fraction, exponent or leading zero. */
  integer(): number {
    this.#space();
    const start = this.#at;
    let value = 0;
    for (; ; this.#at++) {
      const digit = this.#bytes[this.#at] - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      if (this.#at > start && value === 0) throw this.fail("an integer begins with a zero");
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) throw this.fail("an integer is above 2^53 - 1");
    }
    if (this.#at === start) throw this.fail("expected an integer from 0");
    return value;
  }

  /** Nothing but white space to the end. */
  end(): void {
    this.#space();
    if (this.#at < this.#bytes.length) throw this.fail("something follows the closing brace");
  }

  fail(reason: string): Error {
    return corrupt(`header: ${reason} (byte ${this.#at})`, { byte: this.#at });
  }

  #decode(start: number, end: number, escaped: boolean): string {
    let text: string;
    try {
      text = this.#utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.fail("a string isn't UTF-8");
    }
    if (!escaped) return text;
    try {
      text = JSON.parse(`"${text}"`);
    } catch {
      throw this.fail("a string has an unknown escape");
    }
    if (!text.isWellFormed()) throw this.fail("a string has a lone surrogate");
    return text;
  }

  #space(): void {
    for (; ; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }

  #skip(char: string): boolean {
    this.#space();
    if (this.#bytes[this.#at] !== char.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#skip(char)) throw this.fail(`expected ${char}`);
  }
}
