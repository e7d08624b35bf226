/** Codecs that keep the contract, each as plain as can be: what the broken ones are made from. */
import {
  type Codec,
  type CodecFamily,
  type CodecState,
  type CommonOptions,
  checkCodes,
  checkDim,
  checkMetric,
  checkOutput,
  checkState,
  checkVectors,
  METRICS,
  type Metric,
  PithError,
  type Resident,
  readOptions,
  rowCodec,
  rowCodecFamily,
  type Scorer,
  type StateTensor,
  type SymmetricScorer,
  type Vectors,
} from "@pith/codec-core";

/** The largest float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Floats as they are: decodes exactly. */
export const plain: CodecFamily = rowCodecFamily({
  name: "plain",
  version: 1,
  summary: "float32 as it is",
  supports: { decode: "exact" },
  coder: ({ dim }) => ({
    stride: 4 * dim,
    encodeRow: (row, out) => out.set(new Uint8Array(row.buffer)),
    decodeRow: (code, out) => out.set(new Float32Array(code.buffer)),
    errorBoundRow: () => 0,
  }),
});

/** Signed bytes on a uniform grid and a float32 step: lossy, with an option, a bound, a verifier and a resident form. */
export const grid: CodecFamily = withExtras(
  rowCodecFamily({
    name: "grid",
    version: 2,
    summary: "a uniform grid of 2 levels + 1 values a row",
    options: {
      levels: { type: "integer", default: 127, min: 1, max: 127, about: "grid points on each side" },
    },
    coder({ dim, options }) {
      const levels = options["levels"] as number;
      const step = (code: Uint8Array): number => new DataView(code.buffer).getFloat32(dim, true);
      return {
        stride: dim + 4,
        encodeRow(row, out) {
          const max = row.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
          row.forEach((x, j) => {
            out[j] = max === 0 ? 0 : Math.round((x / max) * levels);
          });
          new DataView(out.buffer).setFloat32(dim, max / levels, true);
        },
        decodeRow(code, out) {
          const codes = new Int8Array(code.buffer);
          const scale = step(code);
          // 127 times the step of the largest float32 rounds to an infinity.
          for (let j = 0; j < dim; j++) out[j] = Math.max(-LARGEST, Math.min(LARGEST, codes[j] * scale));
        },
        errorBoundRow: (code) => (0.5 * (1 + 2 ** -10) * step(code) + 2 ** -120) * Math.sqrt(dim),
      };
    },
  }),
);

interface GridResident extends Resident {
  readonly codes: Parameters<Codec["decode"]>[0];
}

function withExtras(family: CodecFamily): CodecFamily {
  const extend = (codec: Codec): Codec => ({
    ...codec,
    verifyCodes(c) {
      checkCodes(c, codec.stride);
      const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.length);
      for (let row = 0; row < c.count; row++)
        if (!(view.getFloat32(row * c.stride + codec.dim, true) >= 0))
          throw new PithError("CORRUPT_CODES", `row ${row}: the step is below 0`, { row });
    },
    resident(c): Resident {
      checkCodes(c, codec.stride);
      const codes = { ...c, bytes: c.bytes.slice() };
      const byteLength = codes.bytes.length;
      return { kind: "resident", codec: codec.name, count: c.count, byteLength, codes } as GridResident;
    },
    scorer(metric): Scorer {
      const scorer = codec.scorer(metric);
      const own = (c: Parameters<Scorer["topKBatch"]>[1]): typeof c =>
        "kind" in c && c.codec === codec.name ? (c as GridResident).codes : c;
      return {
        metric,
        prepare(query) {
          const prepared = scorer.prepare(query);
          return { ...prepared, topK: (c, k, allow) => prepared.topK(own(c), k, allow) };
        },
        topKBatch: (queries, c, k, allow) => scorer.topKBatch(queries, own(c), k, allow),
      };
    },
  });
  return {
    ...family,
    create: (options) => extend(family.create(options)),
    restore: (state) => extend(family.restore(state)),
  };
}

/** The grid for search alone: scores, but decodes nothing; promises the same hits on every backend, not the same bytes. */
export const blind: CodecFamily = withoutDecoding(grid);

function withoutDecoding(family: CodecFamily): CodecFamily {
  const refuse = (): never => {
    throw new PithError("NOT_SUPPORTED", "these codes don't decode");
  };
  const blinded = (codec: Codec): Codec => ({
    ...codec,
    supports: { ...codec.supports, decode: "none", deterministic: "ranking" },
    decode: refuse,
    decodeInto: refuse,
  });
  return {
    ...family,
    create: (options) => blinded(family.create(options)),
    restore: (state) => blinded(family.restore(state)),
  };
}

/** The grid with scores of code against code: those of the decoded rows, in float64 and blind to sides. */
export const mutual: CodecFamily = withSymmetry(grid);

function withSymmetry(family: CodecFamily): CodecFamily {
  const extend = (codec: Codec): Codec => ({
    ...codec,
    supports: { ...codec.supports, symmetric: true },
    symmetricScorer(wanted): SymmetricScorer {
      const metric = checkMetric(wanted, codec.supports.metrics);
      return {
        metric,
        scoreInto(query, c, out) {
          checkCodes(query, codec.stride);
          checkOutput(query.count, 1, "codes of the query");
          checkCodes(c, codec.stride);
          checkOutput(out.length, c.count, "scores");
          const q = codec.decode(query).data;
          const rows = codec.decode(c).data;
          for (let i = 0; i < c.count; i++) {
            let [sum, qq, xx] = [0, 0, 0];
            q.forEach((x, j) => {
              const y = rows[i * codec.dim + j];
              sum += metric === "l2" ? -((x - y) ** 2) : x * y;
              qq += x * x;
              xx += y * y;
            });
            const score = metric === "cosine" ? sum / (Math.sqrt(qq) * Math.sqrt(xx) || 1) : sum;
            out[i] = Number.isNaN(score) ? -Infinity : score;
          }
        },
      };
    },
  });
  return {
    ...family,
    create: (options) => extend(family.create(options)),
    restore: (state) => extend(family.restore(state)),
  };
}

/** The grid with scores of queries rounded to 127 steps. */
export const whole: CodecFamily = withWholeQueries(grid, 127);

/** Queries are rounded to `steps` steps of their largest element. */
export function withWholeQueries(family: CodecFamily, steps: number): CodecFamily {
  const rounded = (data: Float32Array, dim: number): Float32Array => {
    const out = data.slice();
    for (let at = 0; at < out.length; at += dim) {
      const row = out.subarray(at, at + dim);
      const step = row.reduce((max, x) => Math.max(max, Math.abs(x)), 0) / steps;
      if (step > 0) for (let j = 0; j < dim; j++) row[j] = Math.round(row[j] / step) * step;
    }
    return out;
  };
  const extend = (codec: Codec): Codec => ({
    ...codec,
    supports: { ...codec.supports, scoring: "integer" },
    scorer(metric): Scorer {
      const scorer = codec.scorer(metric);
      return {
        metric,
        prepare(query) {
          scorer.prepare(query); // for its checks
          return scorer.prepare(rounded(query, codec.dim));
        },
        topKBatch(queries, c, k, allow) {
          scorer.topKBatch(queries, c, k, allow);
          return scorer.topKBatch({ ...queries, data: rounded(queries.data, codec.dim) }, c, k, allow);
        },
      };
    },
  });
  return {
    ...family,
    create: (options) => extend(family.create(options)),
    restore: (state) => extend(family.restore(state)),
  };
}

/** A byte a dimension between the least and the greatest value of a sample: trained, with tensors. */
export const ranges: CodecFamily = rangesFamily("ranges", "required");

/** As ranges, but from -4 to 4 where there is no sample; what it learns is one tensor. */
export const spans: CodecFamily = rangesFamily("spans", "optional");

const MIN_SAMPLE = 300;

interface Range {
  readonly low: Float32Array;
  readonly step: Float32Array;
}

function rangesFamily(name: string, sample: "required" | "optional"): CodecFamily {
  const check = ({ dim, metric = "cosine", ...rest }: CommonOptions): { dim: number; metric: Metric } => {
    readOptions({}, rest);
    return { dim: checkDim(dim), metric: checkMetric(metric) };
  };
  const family: CodecFamily = {
    name,
    version: 1,
    summary: "a byte a dimension, over the range of a sample",
    options: {},
    metrics: METRICS,
    create(options): Codec {
      const { dim, metric } = check(options);
      if (sample === "required") throw new PithError("NOT_SUPPORTED", "ranges are learned: use train");
      return rangesCodec(name, dim, metric);
    },
    training(options) {
      check(options);
      return { sample, minSample: MIN_SAMPLE };
    },
    train(rows: Vectors, options): Codec {
      const { dim, metric } = check(options);
      checkVectors(rows, dim);
      if (rows.count < MIN_SAMPLE)
        throw new PithError("SAMPLE_TOO_SMALL", `expected ${MIN_SAMPLE} rows, got ${rows.count}`, {
          expected: MIN_SAMPLE,
          actual: rows.count,
        });
      const [low, step] = [new Float32Array(dim), new Float32Array(dim)];
      const unit = metric === "cosine" ? rowLengths(rows) : new Float64Array(rows.count).fill(1);
      for (let j = 0; j < dim; j++) {
        const column = Array.from({ length: rows.count }, (_, i) => rows.data[i * dim + j] / unit[i]);
        low[j] = Math.min(...column);
        step[j] = (Math.max(...column) - low[j]) / 255;
      }
      return rangesCodec(name, dim, metric, { low, step });
    },
    restore(state: CodecState): Codec {
      checkState(state, family);
      const dim = checkDim(state.dim);
      const metric = checkMetric(state.metric);
      const names = Object.keys(state.tensors).sort().join();
      if (sample === "optional" && names === "" && Object.keys(state.params).length === 0)
        return rangesCodec(name, dim, metric);
      if (Object.keys(state.params).length > 0 || names !== (sample === "optional" ? "range" : "low,step"))
        throw new PithError("CORRUPT_FILE", "expected no parameters, and the tensors of what was learned");
      const { low, step, range } = state.tensors;
      if (sample === "required")
        return rangesCodec(name, dim, metric, { low: floats(low, dim), step: floats(step, dim) });
      const both = floats(range, 2 * dim);
      return rangesCodec(name, dim, metric, { low: both.slice(0, dim), step: both.slice(dim) });
    },
  };
  return family;
}

function rangesCodec(name: string, dim: number, metric: Metric, learned?: Range): Codec {
  const fixed = { low: new Float32Array(dim).fill(-4), step: new Float32Array(dim).fill(8 / 255) };
  const { low, step } = learned ?? fixed;
  const codec = rowCodec({
    name,
    version: 1,
    dim,
    metric,
    stride: dim + 1,
    encodeRow(row, out) {
      out[dim] = row.some((x) => x !== 0) ? 1 : 0; // a zero vector has to score 0 under cosine
      row.forEach((x, j) => {
        out[j] = step[j] === 0 ? 0 : Math.max(0, Math.min(255, Math.round((x - low[j]) / step[j])));
      });
    },
    decodeRow(code, out) {
      for (let j = 0; j < dim; j++) out[j] = code[dim] === 0 ? 0 : low[j] + code[j] * step[j];
    },
  });
  if (!learned) return codec;
  const tensor = (data: Float32Array): StateTensor => ({
    dtype: "F32",
    shape: [data.length],
    bytes: new Uint8Array(data.slice().buffer),
  });
  const tensors =
    name === "spans"
      ? { range: tensor(Float32Array.of(...low, ...step)) }
      : { low: tensor(low), step: tensor(step) };
  return {
    ...codec,
    supports: { ...codec.supports, trained: true, minSample: MIN_SAMPLE },
    state: () => ({ ...codec.state(), tensors }),
  };
}

function floats(tensor: StateTensor, dim: number): Float32Array {
  const ok =
    tensor?.dtype === "F32" &&
    Array.isArray(tensor.shape) &&
    tensor.shape.length === 1 &&
    tensor.shape[0] === dim &&
    tensor.bytes instanceof Uint8Array &&
    tensor.bytes.length === 4 * dim;
  if (!ok) throw new PithError("CORRUPT_FILE", `expected ${dim} float32 in one row`);
  const data = new Float32Array(tensor.bytes.slice().buffer);
  if (!data.every((x) => Math.abs(x) < 1e38)) throw new PithError("CORRUPT_FILE", "expected finite ranges");
  return data;
}

function rowLengths(v: Vectors): Float64Array {
  return Float64Array.from({ length: v.count }, (_, i) =>
    Math.hypot(...v.data.subarray(i * v.dim, (i + 1) * v.dim)),
  );
}
