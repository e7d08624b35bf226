/**
 * Recall@10 against the bytes of a code, as SVG: each flat contender that makes vectors smaller a point, the bit widths of
 * one codec a line. A codec is better the higher its line lies, at the same bytes.
 */

const [WIDTH, HEIGHT] = [860, 520];
const PLOT = { left: 60, right: 610, top: 64, bottom: 470 };
const LEGEND = { x: 630, line: 20 };
const TICKS = [16, 32, 64, 128, 256, 512, 1024, 2048];
/** Recall is shown as far down as the least, rounded down to such a step. */
const STEP = 0.1;
const OURS = ["#e8590c", "#f08c00", "#d6336c", "#c2255c", "#a61e4d"];
const PEERS = ["#1c7ed6", "#0ca678", "#7048e8", "#1098ad", "#66a80f", "#495057", "#3b5bdb", "#868e96"];
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.dim{fill:#656d76}
.grid{stroke:#d0d7de}polyline{fill:none;stroke-width:1.5}.ours polyline{stroke-width:3.5}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.grid{stroke:#30363d}}`;

export function frontierPlot({ name, count, dim, rows }) {
  const lines = series(rows, 4 * dim);
  const points = lines.flatMap((line) => line.points);
  const sizes = points.map((point) => point.bytes);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const ticks = TICKS.filter((tick) => 2 * tick > least && tick < 2 * most);
  const floor = Math.min(1 - STEP, Math.floor(Math.min(...points.map((p) => p.recall)) / STEP) * STEP);
  const [low, high] = [Math.log2(ticks[0]), Math.log2(ticks.at(-1))];
  const x = (bytes) => PLOT.left + ((Math.log2(bytes) - low) / (high - low)) * (PLOT.right - PLOT.left);
  const y = (recall) => PLOT.bottom - ((recall - floor) / (1 - floor)) * (PLOT.bottom - PLOT.top);
  const recalls = Array.from({ length: Math.round((1 - floor) / STEP) + 1 }, (_, i) => floor + i * STEP);
  const at = (value) => value.toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>Recall against bytes on ${escaped(name)}</title>
<style>${STYLE}</style>
<text x="16" y="24" class="title">Recall@10 and bytes a vector, no rescoring: ${escaped(name)}, ${count.toLocaleString("en-US")} x ${dim}</text>
<text x="16" y="44" class="dim">up: more of the true ten nearest; left: smaller codes (float32: ${4 * dim} bytes)</text>
${recalls.map((r) => `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(r))}" y2="${at(y(r))}"/><text x="${PLOT.left - 8}" y="${at(y(r) + 4)}" text-anchor="end">${r.toFixed(1)}</text>`).join("\n")}
${ticks.map((b) => `<line class="grid" x1="${at(x(b))}" x2="${at(x(b))}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text x="${at(x(b))}" y="${PLOT.bottom + 18}" text-anchor="middle">${b}</text>`).join("\n")}
${lines.map((line, i) => drawn(line, i, x, y)).join("\n")}
</svg>
`;
}

function drawn({ name, ours, colour, points }, place, x, y) {
  const spots = points.map((p) => [x(p.bytes).toFixed(1), y(p.recall).toFixed(1), p.label]);
  const path = spots.map(([px, py]) => `${px},${py}`).join(" ");
  const row = PLOT.top + 8 + place * LEGEND.line;
  return `<g stroke="${colour}" fill="${colour}"${ours ? ' class="ours"' : ""}>${points.length > 1 ? `<polyline points="${path}"/>` : ""}
${spots.map(([px, py, label]) => `<circle cx="${px}" cy="${py}" r="4"><title>${escaped(label)}</title></circle>`).join("")}
<circle cx="${LEGEND.x}" cy="${row}" r="5"/></g><text x="${LEGEND.x + 12}" y="${row + 4}">${escaped(name)}</text>`;
}

/** The bit widths of a codec together, by bytes; portable forms and bindings of the same codec are one point. */
function series(rows, floatBytes) {
  const byName = new Map();
  for (const row of rows) {
    if (row.error !== undefined || row.flat === false || row.recall[10] === null) continue;
    if (/HNSW|portable|TypeScript|from Node|, then /.test(row.name)) continue;
    if (row.bytesPerVector.code >= floatBytes) continue;
    const name = row.name.replace(/, (\d+ bytes|\d bits?|native|float32|int8)$/, "");
    if (!byName.has(name)) byName.set(name, { name, ours: row.ours, points: [] });
    const { code } = row.bytesPerVector;
    const label = `${row.name}: ${code} bytes, ${row.recall[10].toFixed(4)}`;
    byName.get(name).points.push({ bytes: code, recall: row.recall[10], label });
  }
  const all = [...byName.values()];
  for (const line of all) line.points.sort((a, b) => a.bytes - b.bytes || a.recall - b.recall);
  const used = { ours: 0, peers: 0 };
  return all.map((line) => {
    const colour = line.ours ? OURS[used.ours++ % OURS.length] : PEERS[used.peers++ % PEERS.length];
    return { ...line, colour };
  });
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
