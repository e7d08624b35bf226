/**
 * The two plots of docs/spectral.md, from the vectors of the examples or of another file:
 *
 *   node tools/spectral/plots.mjs [FILE]          after `npm run build`; writes docs/spectral-*.svg
 *
 * What part of the vectors' energy so many numbers hold, in the learned basis and in others; and how many bits each
 * component gets for a budget of bytes, beside what reverse water-filling says.
 */
import { writeFile } from "node:fs/promises";
import { openVectors } from "../../packages/codec-core/dist/files/index.js";
import { kernels, sampleMean, unitRows } from "../../packages/codec-core/dist/index.js";
import { spectral, spectralEnergyRetention } from "../../packages/spectral/dist/index.js";

const EXAMPLE = new URL("../../examples/data/packages.pith.safetensors", import.meta.url).pathname;
const BUDGETS = [24, 48, 96, 192];
/** Rows of the Fourier line, whose transforms are not fast. */
const FOURIER_ROWS = 500;
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [720, 360, 52, 60, 150, 44];
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.dim{fill:#656d76}
.grid{stroke:#d0d7de}path{fill:none;stroke-width:2}.ideal{stroke-width:1;stroke-dasharray:3 3}
.c0{stroke:#3d8bfd}.c1{stroke:#f4845f}.c2{stroke:#2da44e}.c3{stroke:#8250df}.other{stroke:#8c959f}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.grid{stroke:#30363d}}`;

const rows = await unitVectors(process.argv[2] ?? EXAMPLE);
const { dim } = rows;
const mean = sampleMean(rows, "dot");
const variances = spectrum();
const numbers = Array.from({ length: dim }, (_, n) => n + 1);

await write("energy", {
  title: "Energy that n numbers of a vector hold",
  note: `${rows.count.toLocaleString("en-US")} vectors of ${dim} dims, less their mean`,
  x: [0, dim, dim / 6],
  y: [0, 1, 0.2],
  lines: [
    { name: "learned basis", style: "c0", points: held() },
    { name: "largest Fourier", style: "c1", points: fourier(), below: "coefficients" },
    {
      name: "any coordinates",
      style: "other",
      points: numbers.map((n) => [n, n / dim]),
      below: "after a rotation",
    },
  ],
});
await write("bits", {
  title: "Bits of each component, by bytes a vector",
  note: "steps: what a codec gives; dashed: half the logarithm of variance over water level",
  x: [0, dim, dim / 6],
  y: [0, 7, 1],
  lines: BUDGETS.flatMap((bytes, i) => budgetLines(bytes, i)),
});

function spectrum() {
  const sums = new Float64Array(dim * dim);
  kernels().covariance(rows.data, dim, mean, sums);
  return kernels()
    .symmetricEigen(sums, dim)
    .values.map((v) => Math.max(0, v) / rows.count);
}

function held() {
  const all = variances.reduce((a, b) => a + b, 0);
  let sum = 0;
  return numbers.map((n) => [n, (sum += variances[n - 1]) / all]);
}

/** A coefficient is two numbers; where it stands is not counted. */
function fourier() {
  const count = Math.min(FOURIER_ROWS, rows.count);
  const data = rows.data.slice(0, count * dim).map((x, i) => x - mean[i % dim]);
  const kept = numbers.filter((n) => n % 8 === 0).map((n) => n / 2);
  const shares = spectralEnergyRetention({ data, dim, count }, kept);
  return kept.map((k, i) => [2 * k, shares[i]]);
}

function budgetLines(bytes, i) {
  const { bits } = spectral.train(rows, { dim, bytes });
  const steps = bits.flatMap((b, r) => (b === bits[r - 1] ? [] : [...(r ? [[r, bits[r - 1]]] : []), [r, b]]));
  steps.push([bits.length, bits.at(-1)], [bits.length, 0]);
  const rate = (level) => variances.reduce((sum, v) => sum + Math.max(0, Math.log2(v / level) / 2), 0);
  let [low, high] = [1e-18, variances[0]];
  for (let n = 0; n < 200; n++) {
    const level = Math.sqrt(low * high);
    if (rate(level) > 8 * bytes) low = level;
    else high = level;
  }
  const ideal = numbers.map((n) => [n, Math.log2(variances[n - 1] / high) / 2]).filter(([, b]) => b >= 0);
  return [
    { style: `c${i} ideal`, points: ideal },
    { name: `${bytes} bytes`, style: `c${i}`, points: steps },
  ];
}

async function unitVectors(path) {
  const source = await openVectors(path);
  try {
    for await (const block of source.rows({ blockRows: source.count }))
      return { ...block, data: unitRows(block.data, block.dim) };
    throw new Error(`${path} has no rows`);
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function write(name, plot) {
  await writeFile(new URL(`../../docs/spectral-${name}.svg`, import.meta.url), svg(plot));
}

function svg({ title, note, x, y, lines }) {
  const across = (v) => LEFT + ((v - x[0]) / (x[1] - x[0])) * (WIDTH - LEFT - RIGHT);
  const up = (v) => HEIGHT - BOTTOM - ((v - y[0]) / (y[1] - y[0])) * (HEIGHT - TOP - BOTTOM);
  const ticks = ([from, to, step]) =>
    Array.from(
      { length: Math.round((to - from) / step) + 1 },
      (_, i) => Math.round((from + i * step) * 10) / 10,
    );
  const path = (points) =>
    points.map(([a, b], i) => `${i ? "L" : "M"}${across(a).toFixed(1)} ${up(b).toFixed(1)}`).join("");
  const named = lines.filter(({ name }) => name);
  const legend = named.map(({ name, below, style }, i) => {
    const at = TOP + 12 + 40 * i;
    const from = WIDTH - RIGHT + 12;
    return `<path class="${style}" d="M${from} ${at - 4}h16"/><text x="${from + 22}" y="${at}">${name}</text>${
      below ? `<text class="dim" x="${from + 22}" y="${at + 15}">${below}</text>` : ""
    }`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}</title>
<style>${STYLE}</style>
<text x="16" y="24" class="title">${title}</text>
<text x="16" y="44" class="dim">${note}</text>
${ticks(y)
  .map(
    (v) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${up(v)}" y2="${up(v)}"/><text class="dim" x="${LEFT - 8}" y="${up(v) + 4}" text-anchor="end">${v}</text>`,
  )
  .join("\n")}
${ticks(x)
  .map(
    (v) => `<text class="dim" x="${across(v)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${v}</text>`,
  )
  .join("\n")}
<text class="dim" x="${across((x[0] + x[1]) / 2)}" y="${HEIGHT - 8}" text-anchor="middle">numbers, or components, from the first</text>
${lines.map(({ points, style }) => `<path class="${style}" d="${path(points)}"/>`).join("\n")}
${legend.join("\n")}
</svg>
`;
}
