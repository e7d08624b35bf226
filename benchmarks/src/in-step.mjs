/** The tables of the READMEs, and the plots, kept in step with the newest committed results. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { langchainReport } from "./langchain-table.mjs";
import { plots } from "./plots.mjs";
import { essentials, tables } from "./tables.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results", import.meta.url));
const PLOTS = fileURLToPath(new URL("../plots", import.meta.url));
const LANGCHAIN_RESULTS = join(RESULTS, "langchain");
const BENCHMARKS = join(ROOT, "benchmarks", "README.md");
/** Each with what it shows: the root what matters most, the benchmarks all. */
const READMES = [
  [join(ROOT, "README.md"), essentials],
  [BENCHMARKS, tables],
];

/** The newest results by date of the run; null where there are none. */
export function newestResults(folder = RESULTS) {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  const all = files.map((file) => ({ file, ...JSON.parse(readFileSync(join(folder, file), "utf8")) }));
  return all.reduce((newest, one) => (newest === null || one.date > newest.date ? one : newest), null);
}

/** `text` with the tables between its markers of that name; unchanged where it has none. */
export function withTables(text, markdown, name = "benchmark") {
  const marker = `<!-- ${name}:begin -->`;
  const [begin, end] = [text.indexOf(marker), text.indexOf(`<!-- ${name}:end -->`)];
  if (begin < 0 || end < begin) return text;
  return `${text.slice(0, begin + marker.length)}\n\n${markdown}\n${text.slice(end)}`;
}

/** The tables of a README, of the newest results of each benchmark that it shows. */
function readmeOf(file, text, markdown, results) {
  const shown = withTables(text, markdown(results));
  const langchain = file === BENCHMARKS ? newestResults(LANGCHAIN_RESULTS) : null;
  return langchain === null ? shown : withTables(shown, langchainReport(langchain), "langchain");
}

/** The READMEs and plots that aren't in step with the newest results; `write` puts them in step. */
export function outOfStep({ write = false } = {}) {
  const results = newestResults();
  if (results === null) return [];
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const drawn = Object.entries(plots(results)).map(([name, svg]) => [join(PLOTS, name), svg]);
  const wanted = [
    ...READMES.map(([file, markdown]) => [file, readmeOf(file, read(file), markdown, results)]),
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
