/** The tables of a run as Markdown: all of them, and the few lines that the README of the repository shows. */
import { bytes, gigabytes, grouped, markdown, percent, perSecond, share, times } from "./cells.mjs";
import { readCeiling } from "./limits.mjs";
import { plotNames } from "./plots.mjs";

/** All speeds are given as multiples of this contender's in the same run too. */
const BASE = "FAISS Flat, float32";
const BYTES = "bytes/vector (with all state)";
const TITLES = {
  bundled: "Package descriptions, bundled with the repository",
  debian: "Package descriptions",
  scifact: "BEIR SciFact",
  "tiled-50k": "Speed only: package descriptions tiled, with noise",
  "tiled-500k": "Speed only, past the caches: package descriptions tiled, with noise",
};
/** The contenders of the short table, in its order; the fastest peer that runs in Node comes last. */
const ESSENTIAL = [
  /^Pith int8, native$/,
  /^Pith turboquant, /,
  /^Pith spectral, (24|48|96) bytes$/,
  /^Pith spectral scalar, 32 bytes, then int8$/,
  /^FAISS Flat, float32$/,
  /^FAISS SQ8$/,
  /^FAISS RaBitQ, /,
  /^turbovec, /,
  /^FAISS PQ, (24|48|96) bytes$/,
  /^FAISS PQ fast-scan, 24 bytes, then SQ8$/,
  /^usearch HNSW, int8$/,
];
/** A peer that finds less than this isn't the fastest at the same task. */
const LEAST_RECALL = 0.9;

/** All tables of a run. */
export function tables(results) {
  const sections = results.datasets.map((dataset) => datasetTable(dataset, results.limits));
  if (results.backends) sections.push(...backendTables(results.backends));
  if (results.open) sections.push(openTable(results.open));
  const links = plotNames(results).map((name) => `[${name.replace(".svg", "")}](plots/${name})`);
  sections.push(provenance(results));
  if (links.length > 0) sections.push(`Plots: ${links.join(", ")}.`);
  return `${sections.join("\n\n")}\n`;
}

/** What matters most of a run, one line a contender: quality and speed on real data, speed past the caches. */
export function essentials(results) {
  const { datasets, limits } = results;
  const main = datasets.find(({ name }) => name === "scifact") ?? datasets.find((one) => !one.speedOnly);
  if (main === undefined) return `${provenance(results)}\n`;
  const large = datasets.find(({ name }) => name === "tiled-500k");
  const judged = main.exactNdcg10 !== null;
  const find = (dataset, name) => dataset?.rows.find((row) => row.name === name && row.error === undefined);
  const head = ["", BYTES, "recall@10"];
  if (judged) head.push("nDCG@10");
  head.push("encode, vectors/s", "one query, queries/s", "batch, queries/s");
  if (large) head.push("one query over 500,000 rows, queries/s", "of what memory gives");
  const body = essentialRows(main).map((row) => {
    const cells = [label(row), bytes(row.bytesPerVector), share(row.recall[10])];
    if (judged) cells.push(share(row.ndcg10));
    cells.push(...speeds(row, main));
    if (large) {
      const same = find(large, row.name);
      cells.push(
        same ? times(same.speed.single, find(large, BASE)?.speed.single) : "–",
        same ? percent(ofBandwidth(same, large, limits)) : "–",
      );
    }
    return cells;
  });
  const past = large ? ` The last two columns: ${grouped(large.count)} tiled rows, for speed only.` : "";
  const title = `**${TITLES[main.name] ?? main.name}**: ${grouped(main.count)} vectors of ${main.dim} dims, ${main.queries} queries.${past}`;
  return `${[title, markdown(head, body), provenance(results)].join("\n\n")}\n`;
}

function essentialRows({ rows }) {
  const there = rows.filter((row) => row.error === undefined);
  const chosen = ESSENTIAL.flatMap((pattern) => there.filter(({ name }) => pattern.test(name)));
  const peers = there.filter(
    (row) => row.runtime === "node" && !row.ours && isFlat(row) && row.recall[10] >= LEAST_RECALL,
  );
  const fastest = ({ speed }) => Math.max(speed.single ?? 0, speed.batch ?? 0);
  const best = peers.reduce((a, b) => (a === undefined || fastest(b) > fastest(a) ? b : a), undefined);
  return best === undefined ? chosen : [...chosen, best];
}

function datasetTable(dataset, limits) {
  const { name, dim, count, queries, exactNdcg10, rows, speedOnly } = dataset;
  const judged = exactNdcg10 !== null;
  const peak = limits?.multiplyAddsPerSecond;
  const head = ["", BYTES];
  if (!speedOnly) head.push("recall@1", "recall@10", "recall@100");
  if (judged) head.push("nDCG@10");
  head.push("encode, vectors/s", "one query, queries/s");
  if (speedOnly) head.push("GB/s of codes", "of read bandwidth");
  const batches = !speedOnly || speedOnly.batch > 0;
  if (batches) head.push("batch, queries/s");
  if (batches && peak) head.push("of VNNI peak");
  const body = rows.map((row) => {
    if (row.error !== undefined)
      return [label(row), `failed: ${row.error}`, ...Array(head.length - 2).fill("")];
    const cells = [label(row), bytes(row.bytesPerVector)];
    if (!speedOnly) cells.push(...[1, 10, 100].map((k) => share(row.recall[k])));
    if (judged) cells.push(share(row.ndcg10));
    const [encode, single, batch] = speeds(row, dataset);
    cells.push(encode, single);
    if (speedOnly)
      cells.push(gigabytes(readOfCodes(row, dataset)), percent(ofBandwidth(row, dataset, limits)));
    if (batches) cells.push(batch);
    if (batches && peak) cells.push(percent(ofPeak(row, dataset, peak)));
    return cells;
  });
  const exact = judged ? `; exact nDCG@10 ${share(exactNdcg10)}` : "";
  const title = `**${TITLES[name] ?? name}**: ${grouped(count)} vectors of ${dim} dims, ${queries} queries${exact}`;
  return [title, markdown(head, body), threads(rows)].filter(Boolean).join("\n\n");
}

/** How much faster the same search is on more threads, in a sentence. */
function threads(rows) {
  const alone = rows.find((row) => row.threads === 1)?.speed?.single;
  const more = rows.filter((row) => row.threads > 1 && row.speed?.single);
  if (!alone || more.length === 0) return "";
  const each = more.map((row) => `${row.threads} threads ${(row.speed.single / alone).toFixed(2)}×`);
  return `Asynchronous search of one query, against 1 thread: ${each.join(", ")}.`;
}

function label({ name, ours }) {
  return ours ? `**${name}**` : name;
}

function speeds({ speed }, { rows }) {
  const base = rows.find((row) => row.name === BASE)?.speed;
  return [perSecond(speed.encode), times(speed.single, base?.single), times(speed.batch, base?.batch)];
}

/** Bytes of codes a second that one query at a time reads; null for a search that skips rows. */
function readOfCodes(row, { count }) {
  const { speed, bytesPerVector } = row;
  return isFlat(row) && speed.single ? speed.single * count * bytesPerVector.code : null;
}

function ofBandwidth(row, dataset, limits) {
  const rate = readOfCodes(row, dataset);
  const codes = dataset.count * row.bytesPerVector.code;
  const ceiling = limits ? readCeiling(limits, codes, row.threads ?? 1) : null;
  return rate === null || ceiling === null ? null : rate / ceiling;
}

function ofPeak(row, { count, dim }, peak) {
  return isFlat(row) && row.speed.batch ? (row.speed.batch * count * dim) / peak : null;
}

/** Whether a search scores every row; results of schema 1 don't say it. */
function isFlat({ flat, name }) {
  return flat ?? !name.includes("HNSW");
}

function backendTables({ rows, dim, batch, k, isas, work, calls }) {
  const list = (things, unit) =>
    things.map(({ name, nanoseconds }) => [
      name,
      ...nanoseconds.map((ns, i) => {
        const shown = Number((ns / unit).toPrecision(2));
        return i === 0 ? `${shown}` : `${shown} (${(ns / nanoseconds[0]).toFixed(1)}×)`;
      }),
    ]);
  return [
    `**Backends**, nanoseconds a row: ${grouped(rows)} rows of ${dim} dims, ${batch} queries in a batch, the ${k} best`,
    markdown(["", ...isas], list(work, 1)),
    "**A call** that does next to nothing, microseconds",
    markdown(["", ...isas], list(calls, 1000)),
  ];
}

function openTable({ rows, dim, milliseconds }) {
  const body = Object.entries(milliseconds).map(([name, { cold, warm }]) => [
    name,
    ...[cold.open, cold.first, cold.total, warm.total].map((ms) => ms.toFixed(1)),
  ]);
  const head = ["", "open, new process", "first result", "both", "both, warm code"];
  const title = `**Opening an int8 file** of ${grouped(rows)} rows of ${dim} dims with string ids, milliseconds, median of new processes`;
  return [title, markdown(head, body)].join("\n\n");
}

function provenance({ machine, commit, dirty, command, date, options, readBandwidth, limits, file }) {
  const chip = machine.family
    ? `${machine.cpu} (family ${machine.family}, model ${machine.model})`
    : machine.cpu;
  const lines = [
    `One thread on ${chip}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; commit`,
    `${commit === null ? "unknown" : `\`${commit.slice(0, 12)}\``}${dirty ? " with changes" : ""}; medians of`,
    `${options.rounds} interleaved rounds. In brackets: multiples of ${BASE} in the same run.`,
  ];
  if (readBandwidth?.bytesPerSecond)
    lines.push(`One thread reads ${gigabytes(readBandwidth.bytesPerSecond)} GB/s (${readBandwidth.method}).`);
  if (limits?.multiplyAddsPerSecond)
    lines.push(
      `It makes ${Math.round(limits.multiplyAddsPerSecond / 1e9)} G int8 products a second by VNNI.`,
    );
  lines.push(`Made by \`${command}\`; every round is in \`benchmarks/results/${file}\`.`);
  return lines.join(" ");
}
