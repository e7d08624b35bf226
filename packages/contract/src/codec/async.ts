/** Work off the event loop: the same results, an end when it is asked for, and true word of how far it is. */
import { Bitset, decodeAsync, encodeAsync, searchAsync, type Vectors } from "@pith/codec-core";
import { flatBytes } from "./code-bytes.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 90;

/** Enough for several blocks, by repeating the rows at hand. */
function manyRows(trial: Trial): Vectors {
  const { data } = trial.rows(COUNT);
  const times = Math.max(1, Math.ceil(60_000 / data.length));
  const out = new Float32Array(times * data.length);
  for (let i = 0; i < times; i++) out.set(data, i * data.length);
  return { data: out, dim: trial.dim, count: times * COUNT };
}

export const asyncLaws: LawChecks<"async.same" | "async.refuse" | "async.progress" | "async.abort"> = {
  "async.same": {
    async run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      for (const count of [0, 1, COUNT]) {
        const rows = trial.rows(count);
        const codes = codec.encode(rows);
        const made = await encodeAsync(codec, rows);
        t.equal(made.count, count, "count of codes by encodeAsync");
        t.same(flatBytes(made), flatBytes(codes), `${count} rows by encodeAsync`);
        t.same(rows.data, trial.rows(count).data, "the input after encodeAsync");
        if (decodes(codec)) {
          const decoded = await decodeAsync(codec, codes, { threads: 2 });
          t.same(decoded.data, codec.decode(codes).data, `${count} codes by decodeAsync`);
        }
        const third = Bitset.from(
          count,
          Array.from({ length: Math.ceil(count / 3) }, (_, i) => 3 * i),
        );
        const shared = { ...codes, bytes: new Uint8Array(new SharedArrayBuffer(codes.bytes.length)) };
        shared.bytes.set(codes.bytes);
        for (const metric of codec.supports.metrics) {
          const scorer = codec.scorer(metric);
          for (const asked of [0, 1, 5])
            for (const allow of [undefined, third])
              for (const c of [codes, shared]) {
                const queries = trial.rows(asked, 140 - asked);
                const expected = scorer.topKBatch(queries, codes, 7, allow);
                const found = await searchAsync(scorer, queries, c, 7, { allow, threads: 3 });
                t.equal(found.length, asked, "lists of hits by searchAsync");
                found.forEach((hits, q) => {
                  trial.sameHits(
                    hits,
                    expected[q],
                    `${metric} hits of query ${q} among ${count} by searchAsync`,
                  );
                });
              }
        }
      }
      const all = manyRows(trial);
      const codes = codec.encode(all);
      t.same(flatBytes(await encodeAsync(codec, all)), flatBytes(codes), "many rows by encodeAsync");
      const scorer = codec.scorer(trial.metric);
      const queries = { data: trial.query(), dim, count: 1 };
      const [hits] = await searchAsync(scorer, queries, codes, 2 * COUNT);
      trial.sameHits(hits, scorer.topKBatch(queries, codes, 2 * COUNT)[0], "hits among many by searchAsync");
    },
    dims: "few",
  },

  "async.refuse": {
    dims: "few",
    async run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const bad = trial.rows(COUNT);
      bad.data[20 * dim + dim - 1] = Number.NaN;
      const error = await t.rejects("NOT_FINITE", () => encodeAsync(codec, bad), "encodeAsync of NaN");
      t.equal(error.details["row"], 20, "details.row");
      t.equal(error.details["column"], dim - 1, "details.column");
      const wide = { data: new Float32Array(2 * (dim + 1)).fill(1), dim: dim + 1, count: 2 };
      await t.rejects("DIM_MISMATCH", () => encodeAsync(codec, wide), "encodeAsync of another dim");
      const short = { ...trial.rows(2), count: 3 };
      await t.rejects("LENGTH_MISMATCH", () => encodeAsync(codec, short), "encodeAsync of too few floats");
      const c = codec.encode(trial.rows(COUNT));
      const other = { ...c, stride: c.stride + 1, bytes: new Uint8Array(COUNT * (c.stride + 1)) };
      const scorer = codec.scorer(trial.metric);
      const one = trial.rows(1);
      await t.rejects(
        "CODEC_MISMATCH",
        () => searchAsync(scorer, one, other, 3),
        "searchAsync of other codes",
      );
      await t.rejects("INVALID_ARGUMENT", () => searchAsync(scorer, one, c, 0), "searchAsync with k 0");
      await t.rejects("DIM_MISMATCH", () => searchAsync(scorer, wide, c, 3), "searchAsync of another dim");
      await t.rejects("NOT_FINITE", () => searchAsync(scorer, bad, c, 3), "searchAsync with a query of NaN");
      const allow = new Bitset(COUNT + 1);
      await t.rejects(
        "LENGTH_MISMATCH",
        () => searchAsync(scorer, one, c, 3, { allow }),
        "a list of another length",
      );
      if (decodes(codec))
        await t.rejects("CODEC_MISMATCH", () => decodeAsync(codec, other), "decodeAsync of other codes");
    },
  },

  "async.progress": {
    dims: "few",
    async run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const rows = manyRows(trial);
      const codes = codec.encode(rows);
      const queries = trial.rows(2);
      const follow = async (what: string, total: number, work: (onProgress: Report) => Promise<unknown>) => {
        const said: number[] = [];
        await work((done, of) => {
          t.equal(of, total, `${what}, total`);
          said.push(done);
        });
        t.ok(
          said.every((done, i) => i === 0 || done >= said[i - 1]),
          `${what}: progress never goes back`,
        );
        t.equal(said.at(-1), total, `${what}, the last word of progress`);
        t.equal(said.filter((done) => done === total).length, 1, `${what}, times that the end was told`);
      };
      type Report = (done: number, total: number) => void;
      await follow("encodeAsync", rows.count, (onProgress) => encodeAsync(codec, rows, { onProgress }));
      if (decodes(codec))
        await follow("decodeAsync", rows.count, (onProgress) => decodeAsync(codec, codes, { onProgress }));
      await follow("searchAsync", 2 * rows.count, (onProgress) =>
        searchAsync(codec.scorer(trial.metric), queries, codes, 3, { onProgress }),
      );
    },
  },

  "async.abort": {
    dims: "few",
    async run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const rows = manyRows(trial);
      const codes = codec.encode(rows);
      const queries = trial.rows(2);
      const calls: { [name: string]: (signal: AbortSignal, onProgress?: () => void) => Promise<unknown> } = {
        encodeAsync: (signal, onProgress) => encodeAsync(codec, rows, { signal, onProgress }),
        searchAsync: (signal, onProgress) =>
          searchAsync(codec.scorer(trial.metric), queries, codes, 3, { signal, onProgress }),
      };
      if (decodes(codec))
        calls["decodeAsync"] = (signal, onProgress) => decodeAsync(codec, codes, { signal, onProgress });
      for (const [name, call] of Object.entries(calls)) {
        const reason = new Error("no longer wanted");
        const before = await t.rejects(
          "ABORTED",
          () => call(AbortSignal.abort(reason)),
          `${name}, aborted before`,
        );
        t.ok(before.cause === reason, `${name}: the signal's reason is the error's cause`);
        const during = new AbortController();
        const running = call(during.signal);
        during.abort();
        await t.rejects("ABORTED", () => running, `${name}, aborted once it ran`);
        const late = new AbortController();
        const stop = (): void => late.abort();
        await t.rejects("ABORTED", () => call(late.signal, stop), `${name}, aborted at a word of progress`);
      }
      t.same(flatBytes(await encodeAsync(codec, rows)), flatBytes(codes), "encodeAsync after all this");
    },
  },
};
