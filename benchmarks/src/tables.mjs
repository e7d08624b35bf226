/** The tables of the READMEs, and the plots, made from the newest committed results. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plots } from "./plots.mjs";

const BEGIN = "<!-- benchmark:begin -->";
const END = "<!-- benchmark:end -->";
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results", import.meta.url));
const PLOTS = fileURLToPath(new URL("../plots", import.meta.url));
const READMES = [join(ROOT, "README.md"), join(ROOT, "benchmarks", "README.md")];
/** All speeds are given as multiples of this contender's in the same run too. */
const BASE = "FAISS Flat, float32";
const TITLES = {
  bundled: "Package descriptions, bundled with the repository",
  debian: "Package descriptions",
  scifact: "BEIR SciFact",
};

/** The newest results by date of the run; null where there are none. */
export function newestResults(folder = RESULTS) {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  const all = files.map((file) => ({ file, ...JSON.parse(readFileSync(join(folder, file), "utf8")) }));
  return all.reduce((newest, one) => (newest === null || one.date > newest.date ? one : newest), null);
}

/** The tables as Markdown. */
export function tables(results) {
  const sections = results.datasets.map(datasetTable);
  return `${[...sections, provenance(results)].join("\n\n")}\n`;
}

function datasetTable({ name, dim, count, queries, exactNdcg10, rows }) {
  const judged = exactNdcg10 !== null;
  const base = rows.find((row) => row.name === BASE);
  const head = ["", "bytes/vector", "recall@1", "recall@10", "recall@100"];
  if (judged) head.push("nDCG@10");
  head.push("encode, vectors/s", "one query, queries/s", "batch, queries/s");
  const body = rows.map((row) => {
    const label = row.ours ? `**${row.name}**` : row.name;
    if (row.error !== undefined) return [label, `failed: ${row.error}`, ...Array(head.length - 2).fill("")];
    const cells = [label, bytes(row.bytesPerVector), ...[1, 10, 100].map((k) => share(row.recall[k]))];
    if (judged) cells.push(share(row.ndcg10));
    return [
      ...cells,
      perSecond(row.speed.encode),
      withRatio(row.speed.single, base?.speed?.single),
      withRatio(row.speed.batch, base?.speed?.batch),
    ];
  });
  const exact = judged ? `; exact nDCG@10 ${share(exactNdcg10)}` : "";
  const title = `**${TITLES[name] ?? name}**: ${grouped(count)} vectors of ${dim} dims, ${queries} queries${exact}`;
  const align = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [title, "", ...[head, align, ...body].map((cells) => `| ${cells.join(" | ")} |`)].join("\n");
}

function provenance({ machine, commit, dirty, command, date, options, readBandwidth, file }) {
  const chip = machine.family
    ? `${machine.cpu} (family ${machine.family}, model ${machine.model})`
    : machine.cpu;
  const lines = [
    `One thread on ${chip}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; commit`,
    `${commit === null ? "unknown" : `\`${commit.slice(0, 12)}\``}${dirty ? " with changes" : ""}; medians of`,
    `${options.rounds} interleaved rounds. In brackets: multiples of ${BASE} in the same run.`,
  ];
  if (readBandwidth?.bytesPerSecond)
    lines.push(
      `One thread reads ${(readBandwidth.bytesPerSecond / 1e9).toFixed(1)} GB/s (${readBandwidth.method}).`,
    );
  lines.push(`Made by \`${command}\`; every round is in \`benchmarks/results/${file}\`.`);
  return lines.join(" ");
}

function bytes({ total, resident }) {
  const shown = Number.isInteger(total) ? grouped(total) : total.toFixed(1);
  return resident === undefined ? shown : `${shown} (in memory ${resident.toFixed(1)})`;
}

function share(value) {
  return value === null ? "–" : value.toFixed(4).replace(/^0/, "");
}

function withRatio(value, base) {
  const shown = perSecond(value);
  return value === null || !base ? shown : `${shown} (${(value / base).toFixed(2)}×)`;
}

/** Three digits are what such a measurement holds. */
function perSecond(value) {
  return value === null ? "–" : grouped(Number(value.toPrecision(3)));
}

function grouped(value) {
  return value.toLocaleString("en-US");
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
  const markdown = tables(results);
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const wanted = [
    ...READMES.map((file) => [file, withTables(read(file), markdown)]),
    ...Object.entries(plots(results)).map(([name, svg]) => [join(PLOTS, name), svg]),
  ];
  const changed = wanted.filter(([file, text]) => read(file) !== text);
  if (write) mkdirSync(PLOTS, { recursive: true });
  if (write) for (const [file, text] of changed) writeFileSync(file, text);
  return changed.map(([file]) => file);
}
