/** Search: topK is scoreInto sorted, whatever fast path finds it. */
import { Bitset, type Codes, NO_SLOT, nearCount, sliceCodes } from "@pith/codec-core";
import { pickCodes } from "./code-bytes.ts";
import { type LawChecks, sortedHits } from "./trial.ts";

/** Counts on both sides of common block sizes; fewer of everything for wide rows, which cost more. */
const COUNTS = [1, 2, 15, 16, 17, 33, 63, 64, 65, 130];
const isWide = (dim: number): boolean => dim > 100;

export const topKLaws: LawChecks<
  "topk.sorted" | "topk.ties" | "topk.allow" | "topk.batch" | "topk.resident" | "topk.near" | "topk.among"
> = {
  "topk.sorted": {
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const all = codec.encode(trial.rows(130));
      for (const metric of codec.supports.metrics) {
        const prepared = codec.scorer(metric).prepare(trial.query());
        for (const count of isWide(trial.dim) ? [1, 33, 130] : COUNTS) {
          const c = sliceCodes(all, 0, count);
          const scores = new Float32Array(count);
          prepared.scoreInto(c, scores);
          for (const k of new Set([1, 2, 10, count - 1, count, count + 1, 2 ** 40])) {
            if (k === 0) continue;
            trial.sameHits(
              prepared.topK(c, k),
              sortedHits(scores, k),
              `${metric}, the ${k} best of ${count}`,
            );
          }
        }
        t.equal(prepared.topK(sliceCodes(all, 0, 0), 5).length, 0, "hits among no codes");
        const own = prepared.topK(all, 3);
        const copy = { slots: own.slots.slice(), scores: own.scores.slice(), length: own.length };
        own.slots.fill(0);
        own.scores.fill(0);
        trial.sameHits(prepared.topK(all, 3), copy, "hits after earlier hits were overwritten");
      }
    },
  },

  "topk.ties": {
    run(trial) {
      const { t, random } = trial;
      const codec = trial.codec();
      const three = codec.encode(trial.rows(3));
      const rows = Array.from({ length: 100 }, () => random.below(3));
      const c = pickCodes(three, rows);
      for (const metric of codec.supports.metrics) {
        const prepared = codec.scorer(metric).prepare(trial.query());
        const ofThree = new Float32Array(3);
        prepared.scoreInto(three, ofThree);
        const scores = Float32Array.from(rows, (row) => ofThree[row]);
        for (const k of [1, 5, 40, 99, 100])
          trial.sameHits(
            prepared.topK(c, k),
            sortedHits(scores, k),
            `${metric}, the ${k} best of 100 equal codes`,
          );
        const equal = pickCodes(three, new Array<number>(70).fill(1));
        const hits = prepared.topK(equal, 20);
        t.same(hits.slots, [...Array(20).keys()], `${metric}, slots among 70 copies of one code`);
      }
    },
  },

  "topk.allow": {
    run(trial) {
      const { random } = trial;
      const codec = trial.codec();
      const rows = trial.rows(100);
      rows.data.copyWithin(60 * trial.dim, 0, 30 * trial.dim); // ties across the list
      const c = codec.encode(rows);
      const lists: [string, Bitset][] = [
        ["no rows", new Bitset(100)],
        ["all rows", Bitset.full(100)],
        ["the last row", Bitset.from(100, [99])],
        ["five rows", Bitset.from(100, [64, 63, 3, 33, 63])],
        [
          "every third row",
          Bitset.from(
            100,
            Array.from({ length: 34 }, (_, i) => 3 * i),
          ),
        ],
        [
          "half of the rows",
          Bitset.from(
            100,
            Array.from({ length: 50 }, () => random.below(100)),
          ),
        ],
      ];
      for (const metric of codec.supports.metrics) {
        const prepared = codec.scorer(metric).prepare(trial.query());
        const scores = new Float32Array(100);
        prepared.scoreInto(c, scores);
        const batch = codec.scorer(metric);
        for (const [name, allow] of lists)
          for (const k of isWide(trial.dim) ? [7, 101] : [1, 7, 100, 101]) {
            const expected = sortedHits(scores, k, allow);
            trial.sameHits(prepared.topK(c, k, allow), expected, `${metric}, the ${k} best of ${name}`);
            const two = { data: new Float32Array(2 * trial.dim), dim: trial.dim, count: 2 };
            two.data.set(trial.query(1));
            two.data.set(trial.query(), trial.dim);
            const found = batch.topKBatch(two, c, k, allow)[1];
            trial.sameHits(found, expected, `${metric}, the ${k} best of ${name}, in a batch`);
          }
      }
    },
  },

  "topk.batch": {
    wide: true,
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const check = (c: Codes, count: number, k: number): void => {
        const queries = trial.rows(count, 90);
        if (count > 2) queries.data.fill(0, dim, 2 * dim);
        for (const metric of codec.supports.metrics) {
          const scorer = codec.scorer(metric);
          const batch = scorer.topKBatch(queries, c, k);
          t.equal(batch.length, count, "number of lists of hits");
          batch.forEach((hits, i) => {
            const alone = scorer.prepare(queries.data.slice(i * dim, (i + 1) * dim)).topK(c, k);
            trial.sameHits(hits, alone, `${metric}, query ${i} of ${count}, the ${k} best of ${c.count}`);
          });
        }
        t.same(
          queries.data.subarray(2 * dim),
          trial.rows(count, 90).data.subarray(2 * dim),
          "queries after a search",
        );
      };
      if (dim > 1000) {
        check(codec.encode(trial.rows(40)), 5, 10);
        return;
      }
      const all = codec.encode(trial.rows(90));
      for (const queries of isWide(dim) ? [0, 1, 17] : [0, 1, 2, 5, 17, 33]) check(all, queries, 10);
      for (const count of [0, 1, 9, 64]) check(sliceCodes(all, 0, count), 3, 10);
      check(pickCodes(all, [4, 4, 4, 2, 4, 2, 2, 4]), 5, 6);
    },
  },

  "topk.resident": {
    applies: (codec) => codec.resident !== undefined,
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      for (const count of [0, 1, 31, 65]) {
        const c = codec.encode(trial.rows(count));
        const resident = codec.resident!(c);
        t.equal(resident.kind, "resident", "kind");
        t.equal(resident.codec, codec.name, "codec of resident codes");
        t.equal(resident.count, count, "count of resident codes");
        t.ok(Number.isSafeInteger(resident.byteLength) && resident.byteLength >= 0, "byteLength is a length");
        const allow = Bitset.from(
          count,
          Array.from({ length: count >> 1 }, (_, i) => 2 * i),
        );
        for (const metric of codec.supports.metrics) {
          const scorer = codec.scorer(metric);
          const prepared = scorer.prepare(trial.query());
          const queries = trial.rows(7, 90);
          for (const list of [undefined, allow]) {
            trial.sameHits(
              prepared.topK(resident, 9, list),
              prepared.topK(c, 9, list),
              `${metric} hits, resident`,
            );
            const plain = scorer.topKBatch(queries, c, 9, list);
            scorer.topKBatch(queries, resident, 9, list).forEach((hits, i) => {
              trial.sameHits(hits, plain[i], `${metric} hits of query ${i} of a batch, resident`);
            });
          }
        }
      }
    },
  },

  "topk.near": {
    applies: (codec) => codec.scorer(codec.metric).nearBatch !== undefined,
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const all = codec.encode(trial.rows(150));
      const queries = trial.rows(5, 90);
      const errors = codec.queryError?.(queries);
      t.ok(errors !== undefined, "queryError is there where nearBatch is");
      for (const metric of codec.supports.metrics)
        for (const count of isWide(dim) ? [0, 150] : [0, 1, 40, 150]) {
          const c = sliceCodes(all, 0, count);
          const searched = codec.resident ? [c, codec.resident(c)] : [c];
          const odd = Array.from({ length: count >> 1 }, (_, i) => 2 * i + 1);
          for (const allow of [undefined, Bitset.from(count, odd)])
            for (const [k, most, within] of [
              [3, 40, 1],
              [10, 40, 0],
              [1, 200, 1e6],
              [20, 5, 2],
            ] as const) {
              const scorer = codec.scorer(metric);
              const hits = scorer.topKBatch(queries, c, Math.max(k, most), allow);
              for (const rows of searched) {
                const { slots, width } = scorer.nearBatch!(queries, rows, k, { most, within }, allow);
                t.equal(slots.length, 5 * width, "slots for each query");
                hits.forEach((own, q) => {
                  const margin = Math.fround(within * errors![q]);
                  const wanted = own.slots.slice(0, nearCount(own, k, margin)).sort();
                  const named = slots.subarray(q * width, (q + 1) * width);
                  const end = named.indexOf(NO_SLOT);
                  const found = named.slice(0, end < 0 ? width : end).sort();
                  t.same(found, wanted, `${metric}, rows near the ${k}-th of ${count}`);
                });
              }
            }
        }
    },
  },

  "topk.among": {
    applies: (codec) => codec.scorer(codec.metric).topKAmong !== undefined,
    run(trial) {
      const { random, dim } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(90));
      const queries = trial.rows(4, 90);
      const width = 30;
      const slots = new Uint32Array(4 * width).fill(NO_SLOT);
      // None, some, and as many as there is room for, in no order.
      const lists = [0, 7, width, 1].map((length, q) => {
        const own = Array.from({ length: 90 }, (_, i) => i);
        for (let i = own.length - 1; i > 0; i--) {
          const j = random.below(i + 1);
          [own[i], own[j]] = [own[j], own[i]];
        }
        slots.set(own.slice(0, length), q * width);
        return own.slice(0, length);
      });
      for (const metric of codec.supports.metrics) {
        const scorer = codec.scorer(metric);
        for (const k of [1, 10, 40]) {
          const found = scorer.topKAmong!(queries, c, { slots, width }, k);
          // No such kernel in this backend.
          if (!found) continue;
          lists.forEach((list, q) => {
            const scores = new Float32Array(90);
            scorer.prepare(queries.data.slice(q * dim, (q + 1) * dim)).scoreInto(c, scores);
            trial.sameHits(
              found[q],
              sortedHits(scores, k, Bitset.from(90, list)),
              `${metric}, the ${k} best of ${list.length} that are named`,
            );
          });
        }
      }
    },
  },
};
