/** The tables of the READMEs, and the plots, kept in step with the newest committed results. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plots } from "./plots.mjs";
import { essentials, tables } from "./tables.mjs";

const BEGIN = "<!-- benchmark:begin -->";
const END = "<!-- benchmark:end -->";
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results", import.meta.url));
const PLOTS = fileURLToPath(new URL("../plots", import.meta.url));
/** Each with what it shows: the root what matters most, the benchmarks all. */
const READMES = [
  [join(ROOT, "README.md"), essentials],
  [join(ROOT, "benchmarks", "README.md"), tables],
];

/** The newest results by date of the run; null where there are none. */
export function newestResults(folder = RESULTS) {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  const all = files.map((file) => ({ file, ...JSON.parse(readFileSync(join(folder, file), "utf8")) }));
  return all.reduce((newest, one) => (newest === null || one.date > newest.date ? one : newest), null);
}

/** `text` with the tables between its markers; unchanged where it has none. */
export function withTables(text, markdown) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) return text;
  return `${text.slice(0, begin + BEGIN.length)}\n\n${markdown}\n${text.slice(end)}`;
}

/** The READMEs and plots that aren't in step with the newest results; `write` puts them in step. */
export function outOfStep({ write = false } = {}) {
  const results = newestResults();
  if (results === null) return [];
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const drawn = Object.entries(plots(results)).map(([name, svg]) => [join(PLOTS, name), svg]);
  const wanted = [
    ...READMES.map(([file, markdown]) => [file, withTables(read(file), markdown(results))]),
    ...drawn,
  ];
  const changed = wanted.filter(([file, text]) => read(file) !== text);
  const stale = (existsSync(PLOTS) ? readdirSync(PLOTS) : [])
    .map((name) => join(PLOTS, name))
    .filter((file) => !drawn.some(([name]) => name === file));
  if (write) {
    mkdirSync(PLOTS, { recursive: true });
    for (const [file, text] of changed) writeFileSync(file, text);
    for (const file of stale) rmSync(file);
  }
  return [...changed.map(([file]) => file), ...stale];
}
