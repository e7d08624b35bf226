/**
 * Plots of a run as SVG. For each dataset queries a second of every contender, one by one and in a batch, ours in colour;
 * for real data also recall against bytes, where the settings of a codec make a line.
 */
import { frontierPlot } from "./frontier-plot.mjs";

const WIDTH = 860;
const LABELS = 250;
const BAR = 13;
const ROW = 2 * BAR + 14;
const TOP = 64;
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.dim{fill:#656d76}
.one{fill:#9ec5fe}.all{fill:#3d8bfd}.ours .one{fill:#f7b267}.ours .all{fill:#f4845f}.grid{stroke:#d0d7de}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.grid{stroke:#30363d}}`;

/** Name of the file to its SVG. */
export function plots({ datasets }) {
  return Object.fromEntries(
    datasets.flatMap((dataset) => [
      [speedName(dataset), speedPlot(dataset)],
      ...(dataset.speedOnly ? [] : [[recallName(dataset), frontierPlot(dataset)]]),
    ]),
  );
}

/** The files that `plots` names, in order. */
export function plotNames({ datasets }) {
  return datasets.flatMap((one) => [speedName(one), ...(one.speedOnly ? [] : [recallName(one)])]);
}

const speedName = ({ name }) => `${name}.svg`;
const recallName = ({ name }) => `${name}-recall.svg`;

function speedPlot({ name, count, dim, rows, speedOnly }) {
  const shown = rows.filter((row) => row.error === undefined).sort((a, b) => fastest(b) - fastest(a));
  const most = Math.max(...shown.map(fastest));
  const scale = (WIDTH - LABELS - 90) / most;
  const height = TOP + shown.length * ROW + 12;
  const bars = shown.map((row, i) => {
    const y = TOP + i * ROW;
    const { single, batch } = row.speed;
    const recall = speedOnly ? "" : `, recall@10 ${row.recall[10].toFixed(3)}`;
    return `<g${row.ours ? ' class="ours"' : ""}>
<text x="${LABELS - 10}" y="${y + 12}" text-anchor="end">${escaped(row.name)}</text>
<text x="${LABELS - 10}" y="${y + 26}" text-anchor="end" class="dim">${Math.round(row.bytesPerVector.code)} B${recall}</text>
${bar("one", single, y, scale)}
${bar("all", batch, y + BAR + 1, scale)}
</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Queries a second on ${escaped(name)}</title>
<style>${STYLE}</style>
<text x="16" y="24" class="title">Queries a second, one thread: ${escaped(name)}, ${count.toLocaleString("en-US")} x ${dim}${speedOnly ? " (speed only)" : ""}</text>
<text x="16" y="44" class="dim">light: one query a call; dark: all queries in one call; top 10</text>
<line class="grid" x1="${LABELS}" x2="${LABELS}" y1="${TOP - 6}" y2="${height - 10}"/>
${bars.join("\n")}
</svg>
`;
}

function bar(kind, value, y, scale) {
  if (value === null) return "";
  const width = Math.max(1, value * scale);
  const label = Number(value.toPrecision(3)).toLocaleString("en-US");
  return `<rect class="${kind}" x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>
<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 11}">${label}</text>`;
}

function fastest({ speed }) {
  return Math.max(speed.single ?? 0, speed.batch ?? 0);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
