/** Progress on standard error: a bar on a terminal, a line every ten percent of long work elsewhere. */
const WIDTH = 28;
const REDRAW_MS = 80;
const PLAIN_AFTER_MS = 2000;

export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #start = performance.now();
  #drawn = 0;
  #decile = 0;

  readonly #amount: (n: number) => string;

  constructor(
    what: string,
    total: number,
    stream: NodeJS.WriteStream = process.stderr,
    unit: "rows" | "bytes" = "rows",
  ) {
    this.#what = what;
    this.#total = total;
    this.#stream = stream;
    this.#amount = unit === "bytes" ? bytes : count;
  }

  update(done: number): void {
    const now = performance.now();
    const share = this.#total === 0 ? 1 : done / this.#total;
    if (this.#stream.isTTY) {
      if (now - this.#drawn < REDRAW_MS && done < this.#total) return;
      this.#drawn = now;
      const filled = Math.round(share * WIDTH);
      const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
      const rate = done / Math.max(1e-3, (now - this.#start) / 1000);
      this.#stream.write(
        `\r${this.#what} ${bar} ${Math.floor(share * 100)}%  ${this.#amount(Math.round(rate))}/s\x1b[K`,
      );
    } else if (Math.floor(share * 10) > this.#decile && now - this.#start > PLAIN_AFTER_MS) {
      this.#decile = Math.floor(share * 10);
      this.#stream.write(
        `${this.#what}: ${this.#decile * 10}% (${this.#amount(done)} of ${this.#amount(this.#total)})\n`,
      );
    }
  }

  /** Takes the bar off the terminal, so that the result stands alone. */
  done(): void {
    if (this.#stream.isTTY && this.#drawn > 0) this.#stream.write("\r\x1b[K");
  }
}

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [n, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}
