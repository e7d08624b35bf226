/** Figures as they stand in the cells of tables; "–" where there is none. */

const NONE = "–";
/** Less of a byte a vector isn't worth a second figure. */
const LEAST_STATE = 0.05;

/** A table in Markdown; the first column holds names, the others figures. */
export function markdown(head, body) {
  const align = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, align, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Bytes of a vector's code, and in brackets those of all that is kept, divided by the vectors. */
export function bytes({ code, total, resident }) {
  const all = total - code < LEAST_STATE ? "" : ` (${total.toFixed(1)})`;
  return `${grouped(code)}${all}${resident === undefined ? "" : ` (in memory ${resident.toFixed(1)})`}`;
}

export function share(value) {
  return value === null || value === undefined ? NONE : value.toFixed(4).replace(/^0/, "");
}

export function percent(value) {
  return value === null ? NONE : `${Math.round(100 * value)}%`;
}

export function gigabytes(value) {
  return value === null ? NONE : (value / 1e9).toFixed(1);
}

/** A rate, and in brackets how many times that of `base` it is. */
export function times(value, base) {
  const shown = perSecond(value);
  return value === null || !base ? shown : `${shown} (${(value / base).toFixed(2)}×)`;
}

/** Three digits are what such a measurement holds. */
export function perSecond(value) {
  return value === null ? NONE : grouped(Number(value.toPrecision(3)));
}

export function grouped(value) {
  return value.toLocaleString("en-US");
}
