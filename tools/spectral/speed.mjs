/**
 * How fast spectral-dft encodes and scans, beside exact float32 search in the same run: one thread, processor time,
 * the least of repeats.
 * `node tools/spectral/speed.mjs` prints the table; pin it to a core (`taskset -c 1`) on a busy machine.
 */
import { backendReport, kernels, SplitMix64, useThreads } from "../../packages/codec-core/dist/index.js";
import { spectralDft } from "../../packages/spectral/dist/index.js";

const DIM = 384;
const ROWS = 100_000;
const QUERIES = 16;
const SETTINGS = [
  { topK: 8, magBits: 8, phaseBits: 8 },
  {},
  { topK: 32 },
  { topK: 32, magBits: 8, phaseBits: 8 },
  { topK: 64, magBits: 8, phaseBits: 8 },
];

/** Milliseconds of processor time, which others on a busy machine don't add to as they do to the clock's; the least of `times` runs. */
function least(times, run) {
  let best = Infinity;
  for (let i = 0; i < times; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

useThreads(1);
const random = new SplitMix64(1);
const base = Float32Array.from({ length: 1000 * DIM }, () => random.gaussian());
const data = new Float32Array(ROWS * DIM);
for (let i = 0; i < data.length; i++) data[i] = base[(i * 7 + (i >> 9)) % base.length];
const slice = (count) => ({ data: data.subarray(0, count * DIM), dim: DIM, count });
const queries = slice(QUERIES);
const one = data.slice(0, DIM);

function float(queries) {
  const count = queries.length / DIM;
  const out = { slots: new Uint32Array(count * 10), scores: new Float32Array(count * 10) };
  kernels().floatTopK("dot", queries, data, DIM, 10, undefined, out);
}

console.log(`${backendReport().backend}, ${backendReport().isa}; ${ROWS} rows of ${DIM} dims, top 10`);
for (const options of SETTINGS) {
  const codec = spectralDft.train(slice(1000), { dim: DIM, ...options });
  const encode = least(3, () => codec.encode(slice(20_000)));
  const codes = codec.encode(slice(ROWS));
  const prepared = codec.scorer("cosine").prepare(one);
  const [exact, exactBatch] = [least(9, () => float(one)), least(3, () => float(queries.data))];
  const single = least(9, () => prepared.topK(codes, 10));
  const batch = least(3, () => codec.scorer("cosine").topKBatch(queries, codes, 10));
  console.log(
    `${JSON.stringify(options).padEnd(40)} ${codec.stride} bytes  encode ${Math.round(20_000 / encode)} k/s  one query ${single.toFixed(1)} ms, float32 ${exact.toFixed(1)}: ${(exact / single).toFixed(2)}x  in a batch ${(batch / QUERIES).toFixed(1)} ms, float32 ${(exactBatch / QUERIES).toFixed(1)}`,
  );
}
