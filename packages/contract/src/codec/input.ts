/** Wrong input is a typed error that says what was expected, before anything changes. */
import {
  Bitset,
  type Codec,
  type Codes,
  type ErrorCode,
  type Resident,
  type Vectors,
} from "@pith/codec-core";
import { mapCodes } from "./code-bytes.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 6;

export const inputLaws: LawChecks<
  | "into.room"
  | "input.finite"
  | "input.dim"
  | "input.length"
  | "input.type"
  | "input.codes"
  | "input.k"
  | "input.allow"
> = {
  "into.room": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const c = codec.encode(rows);
      for (const wrong of [-1, 1, codec.stride]) {
        const out = new Uint8Array(COUNT * codec.stride + wrong).fill(0xa5);
        t.throws("LENGTH_MISMATCH", () => codec.encodeInto(rows, out), `encodeInto with room ${wrong} off`);
        t.ok(
          out.every((b) => b === 0xa5),
          "the output of a refused encodeInto is untouched",
        );
      }
      const refusesFloats = (length: number, write: (out: Float32Array) => void, what: string): void => {
        for (const wrong of [-1, 1]) {
          const out = new Float32Array(length + wrong).fill(7);
          t.throws("LENGTH_MISMATCH", () => write(out), `${what} with room ${wrong} off`);
          t.ok(
            out.every((x) => x === 7),
            `the output of a refused ${what} is untouched`,
          );
        }
      };
      if (decodes(codec)) refusesFloats(COUNT * dim, (out) => codec.decodeInto(c, out), "decodeInto");
      for (const metric of codec.supports.metrics) {
        const prepared = codec.scorer(metric).prepare(trial.query());
        refusesFloats(COUNT, (out) => prepared.scoreInto(c, out), "scoreInto");
      }
    },
  },

  "input.finite": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const places = [
        [0, 0],
        [COUNT - 1, dim - 1],
        [2, dim >> 1],
      ];
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (const [row, column] of places) {
          const rows = trial.rows(COUNT);
          rows.data[row * dim + column] = bad;
          if (row < COUNT - 1) rows.data[rows.data.length - 1] = Number.NaN; // the first one is named
          const refuses = (action: () => unknown, what: string, wantedRow = row): void => {
            const { details } = t.throws(
              "NOT_FINITE",
              action,
              `${what} with ${bad} in row ${wantedRow}, column ${column}`,
            );
            t.equal(details["row"], wantedRow, `details.row, ${what}`);
            t.equal(details["column"], column, `details.column, ${what}`);
          };
          refuses(() => codec.encode(rows), "encode");
          const out = new Uint8Array(COUNT * codec.stride).fill(0xa5);
          refuses(() => codec.encodeInto(rows, out), "encodeInto");
          t.ok(
            out.every((b) => b === 0xa5),
            "the output of a refused encodeInto is untouched",
          );
          const query = rows.data.slice(row * dim, (row + 1) * dim);
          for (const metric of codec.supports.metrics) {
            refuses(() => codec.scorer(metric).prepare(query), `prepare for ${metric}`, 0);
            refuses(() => codec.scorer(metric).topKBatch(rows, c, 1), `topKBatch for ${metric}`);
          }
        }
    },
  },

  "input.dim": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      for (const dim of [trial.dim - 1, trial.dim + 1, 2 * trial.dim]) {
        if (dim === 0) continue;
        const rows = { data: new Float32Array(COUNT * dim).fill(0.5), dim, count: COUNT };
        const query = rows.data.slice(0, dim);
        t.throws("DIM_MISMATCH", () => codec.encode(rows), `encode of dim ${dim}`);
        const out = new Uint8Array(COUNT * codec.stride);
        t.throws("DIM_MISMATCH", () => codec.encodeInto(rows, out), `encodeInto of dim ${dim}`);
        for (const metric of codec.supports.metrics) {
          const scorer = codec.scorer(metric);
          t.throws("DIM_MISMATCH", () => scorer.prepare(query), `a ${metric} query of dim ${dim}`);
          t.throws("DIM_MISMATCH", () => scorer.topKBatch(rows, c, 1), `${metric} queries of dim ${dim}`);
        }
      }
    },
  },

  "input.length": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const { data } = trial.rows(COUNT);
      const wrong: Vectors[] = [COUNT - 1, COUNT + 1, -1, 0.5, Number.NaN].map((count) => ({
        data,
        dim,
        count,
      }));
      wrong.push({ data: data.slice(1), dim, count: COUNT });
      const c = codec.encode(trial.rows(COUNT));
      for (const v of wrong) {
        const what = `${v.data.length} floats for ${v.count} rows of dim ${dim}`;
        t.throws("LENGTH_MISMATCH", () => codec.encode(v), `encode of ${what}`);
        for (const metric of codec.supports.metrics)
          t.throws("LENGTH_MISMATCH", () => codec.scorer(metric).topKBatch(v, c, 1), `topKBatch of ${what}`);
      }
      for (const count of [COUNT - 1, COUNT + 1, -1, 0.5, Number.NaN])
        refusesCodes(trial, codec, { ...c, count }, "LENGTH_MISMATCH", `${COUNT} codes said to be ${count}`);
      const cut = mapCodes(c, COUNT, (p) => p.bytes.slice(1));
      refusesCodes(trial, codec, cut, "LENGTH_MISMATCH", "codes without their first byte");
    },
  },

  "input.type": {
    dims: "few",
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(1));
      const numbers = Array.from(trial.rows(1).data);
      for (const data of [numbers, Float64Array.from(numbers), undefined] as unknown as Float32Array[]) {
        const what = data === undefined ? "undefined" : data.constructor.name;
        t.throws("INVALID_ARGUMENT", () => codec.encode({ data, dim, count: 1 }), `encode of ${what}`);
        for (const metric of codec.supports.metrics)
          t.throws("INVALID_ARGUMENT", () => codec.scorer(metric).prepare(data), `prepare of ${what}`);
      }
      const bytes = Array.from(c.bytes);
      for (const other of [bytes, Uint8ClampedArray.from(bytes), undefined] as unknown as Uint8Array[]) {
        const what = `codes as ${other === undefined ? "undefined" : other.constructor.name}`;
        refusesCodes(trial, codec, { ...c, bytes: other }, "INVALID_ARGUMENT", what);
      }
      t.equal(codec.encode(trial.rows(1)).count, c.count, "codes made after refusals");
    },
  },

  "input.codes": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      for (const stride of [codec.stride - 1, codec.stride + 1, 0, Number.NaN]) {
        const other: Codes = { bytes: new Uint8Array(COUNT * (stride || 0)), stride, count: COUNT };
        refusesCodes(trial, codec, other, "CODEC_MISMATCH", `codes of stride ${stride}`);
      }
      const resident: Resident = { kind: "resident", codec: "another-codec", count: 1, byteLength: 0 };
      for (const metric of codec.supports.metrics) {
        const scorer = codec.scorer(metric);
        const topK = (): unknown => scorer.prepare(trial.query()).topK(resident, 1);
        t.throws("CODEC_MISMATCH", topK, "topK over resident codes of another codec");
        const batch = (): unknown => scorer.topKBatch(trial.rows(1), resident, 1);
        t.throws("CODEC_MISMATCH", batch, "topKBatch over resident codes of another codec");
      }
    },
  },

  "input.k": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      for (const metric of codec.supports.metrics)
        for (const k of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "3" as unknown as number]) {
          const scorer = codec.scorer(metric);
          const what = `k ${k}`;
          t.throws("INVALID_ARGUMENT", () => scorer.prepare(trial.query()).topK(c, k), what);
          t.throws("INVALID_ARGUMENT", () => scorer.topKBatch(trial.rows(2), c, k), `${what} for a batch`);
          const none = codec.encode(trial.rows(0));
          t.throws(
            "INVALID_ARGUMENT",
            () => scorer.prepare(trial.query()).topK(none, k),
            `${what} over no codes`,
          );
        }
    },
  },

  "input.allow": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      for (const metric of codec.supports.metrics)
        for (const length of [0, COUNT - 1, COUNT + 1, COUNT + 64]) {
          const scorer = codec.scorer(metric);
          const allow = Bitset.full(length);
          const what = `${length} bits for ${COUNT} codes`;
          t.throws("LENGTH_MISMATCH", () => scorer.prepare(trial.query()).topK(c, 2, allow), what);
          t.throws("LENGTH_MISMATCH", () => scorer.topKBatch(trial.rows(2), c, 2, allow), `${what}, batch`);
        }
    },
  },
};

/** Every reader of codes refuses these. */
function refusesCodes(trial: Trial, codec: Codec, c: Codes, code: ErrorCode, what: string): void {
  const { t, dim } = trial;
  const readers: [string, () => unknown][] = [];
  if (decodes(codec)) {
    readers.push(["decode", () => codec.decode(c)]);
    readers.push(["decodeInto", () => codec.decodeInto(c, new Float32Array(COUNT * dim))]);
  }
  if (codec.errorBound) readers.push(["errorBound", () => codec.errorBound?.(c)]);
  if (codec.verifyCodes) readers.push(["verifyCodes", () => codec.verifyCodes?.(c)]);
  if (codec.resident) readers.push(["resident", () => codec.resident?.(c)]);
  for (const metric of codec.supports.metrics) {
    const scorer = codec.scorer(metric);
    const prepared = scorer.prepare(trial.query());
    readers.push([`${metric} scoreInto`, () => prepared.scoreInto(c, new Float32Array(COUNT))]);
    readers.push([`${metric} topK`, () => prepared.topK(c, 2)]);
    readers.push([`${metric} topKBatch`, () => scorer.topKBatch(trial.rows(2), c, 2)]);
  }
  for (const [name, read] of readers) t.throws(code, read, `${name} of ${what}`);
}
