import { Bitset, type Codes, type Hits, type Resident } from "@pith/codec-core";
import { grid, plain, whole, withWholeQueries } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec, breakQueries, breakScorer } from "./breaking.ts";

/** Scores changed by `change`, and topK found from them honestly, so that only the scores are wrong. */
function withScores(
  change: (score: number, row: number, codec: { metric: string }, query: Float32Array) => number,
) {
  return breakQueries(grid, (prepared, _, query, scorer) => {
    const scoreInto = (c: Codes, out: Float32Array): void => {
      prepared.scoreInto(c, out);
      for (let i = 0; i < out.length; i++) out[i] = change(out[i], i, scorer, query);
    };
    return {
      scoreInto,
      topK(c, k, allow) {
        prepared.topK(c, k, allow);
        const codes = "kind" in c ? (c as Resident & { codes: Codes }).codes : c;
        const scores = new Float32Array(codes.count);
        scoreInto(codes, scores);
        const rank = (i: number): number => (Number.isNaN(scores[i]) ? -Infinity : scores[i]);
        const slots = [...scores.keys()].filter((i) => allow?.has(i) ?? true);
        slots.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
        return hitsAt(slots.slice(0, k), Float32Array.from(slots.slice(0, k), rank));
      },
    };
  });
}

function hitsAt(slots: ArrayLike<number>, scores: ArrayLike<number>): Hits {
  return { slots: Uint32Array.from(slots), scores: Float32Array.from(scores), length: slots.length };
}

export const brokenScorers: readonly BrokenCodec[] = [
  {
    fault: "gives l2 as the distance: lower is better",
    law: "score.higher",
    family: withScores((score, _, { metric }) => (metric === "l2" ? -score : score)),
  },
  {
    fault: "gives l2 without the square",
    law: "score.decoded",
    family: withScores((score, _, { metric }) => (metric === "l2" ? -Math.sqrt(-score) : score)),
  },
  {
    fault: "rounds queries to 15 steps where 127 are promised",
    law: "score.decoded",
    family: withWholeQueries(grid, 15),
  },
  {
    fault: "scores in integers with a step that is off by a hundredth",
    law: "score.decoded",
    family: breakQueries(whole, (prepared) => ({
      scoreInto(c, out) {
        prepared.scoreInto(c, out);
        for (let i = 0; i < out.length; i++) out[i] *= 1.01;
      },
    })),
  },
  {
    fault: "doesn't normalise cosine queries",
    law: "score.scale",
    family: withScores((score, _, { metric }, query) =>
      metric === "cosine" ? score * Math.hypot(...query) : score,
    ),
  },
  {
    fault: "divides by the length of a zero vector",
    law: "values.zero",
    family: withScores((score, _, { metric }) => (metric === "cosine" && score === 0 ? Number.NaN : score)),
  },
  {
    fault: "gives NaN where a score overflows",
    law: "values.extremes",
    family: withScores((score) => (Number.isFinite(score) ? score : Number.NaN)),
  },
  {
    fault: "scores a code by its place",
    law: "decode.slices",
    family: withScores((score, row) => score * (1 + (row % 16) * 2e-7)),
  },
  {
    fault: "changes the query while scoring",
    law: "decode.pure",
    family: breakQueries(grid, (prepared, _, query) => ({
      scoreInto(c, out) {
        prepared.scoreInto(c, out);
        query[0] += 1;
      },
    })),
  },
  {
    fault: "keeps the query instead of a copy",
    law: "decode.pure",
    family: breakQueries(grid, (_, codec, query, scorer) => {
      const now = () => codec.scorer(scorer.metric).prepare(query);
      return {
        scoreInto: (c, out) => now().scoreInto(c, out),
        topK: (c, k, allow) => now().topK(c, k, allow),
      };
    }),
  },
  {
    fault: "writes scores into a buffer that is too long",
    law: "into.room",
    family: breakQueries(grid, (prepared) => ({
      scoreInto: (c, out) => prepared.scoreInto(c, out.subarray(0, Math.min(out.length, c.count))),
    })),
  },
  {
    fault: "ranks equal scores by the higher slot",
    law: "topk.ties",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        prepared.topK(c, k, allow);
        const all = prepared.topK(c, Math.max(1, c.count), allow);
        const order = [...Array(all.length).keys()].sort(
          (a, b) => all.scores[b] - all.scores[a] || all.slots[b] - all.slots[a],
        );
        const best = order.slice(0, k);
        return hitsAt(
          best.map((i) => all.slots[i]),
          best.map((i) => all.scores[i]),
        );
      },
    })),
  },
  {
    fault: "topK takes no notice of the allow-list",
    law: "topk.allow",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        prepared.topK(c, k, allow);
        return prepared.topK(c, k);
      },
    })),
  },
  {
    fault: "filters after the search, so that fewer than k come back",
    law: "topk.allow",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        prepared.topK(c, k, allow);
        const hits = prepared.topK(c, k);
        const keep = [...hits.slots.keys()].filter((i) => allow?.has(hits.slots[i]) ?? true);
        return hitsAt(
          keep.map((i) => hits.slots[i]),
          keep.map((i) => hits.scores[i]),
        );
      },
    })),
  },
  {
    fault: "reads an allow-list that is too short as if the rest were set",
    law: "input.allow",
    family: breakScorer(grid, (scorer) => ({
      prepare(query) {
        const prepared = scorer.prepare(query);
        const fit = (count: number, allow?: Bitset): Bitset | undefined => {
          if (!allow || allow.length >= count) return allow;
          return Bitset.from(
            count,
            [...Array(count).keys()].filter((i) => i >= allow.length || allow.has(i)),
          );
        };
        return { ...prepared, topK: (c, k, allow) => prepared.topK(c, k, fit(c.count, allow)) };
      },
    })),
  },
  {
    fault: "a batch lacks the last hit",
    law: "topk.batch",
    family: breakScorer(grid, (scorer) => ({
      topKBatch: (queries, c, k, allow) =>
        scorer
          .topKBatch(queries, c, k, allow)
          .map((hits) =>
            hits.length > 8 ? hitsAt(hits.slots.subarray(0, 8), hits.scores.subarray(0, 8)) : hits,
          ),
    })),
  },
  {
    fault: "pads hits up to k with slot 0",
    law: "topk.sorted",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        const hits = prepared.topK(c, k, allow);
        if (allow || k > 1000 || hits.length >= k) return hits;
        const pad = new Array<number>(k - hits.length).fill(0);
        return hitsAt([...hits.slots, ...pad], [...hits.scores, ...pad]);
      },
    })),
  },
  {
    fault: "allocates k hits before looking at the count",
    law: "topk.sorted",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        const hits = prepared.topK(c, k, allow);
        new Float32Array(k);
        return hits;
      },
    })),
  },
  {
    fault: "searches full blocks of 16 only",
    law: "topk.sorted",
    family: breakQueries(grid, (prepared) => ({
      topK(c, k, allow) {
        prepared.topK(c, k, allow);
        const blocks = c.count < 16 ? c.count : c.count - (c.count % 16);
        const seen = [...Array(blocks).keys()].filter((i) => allow?.has(i) ?? true);
        return prepared.topK(c, k, Bitset.from(c.count, seen));
      },
    })),
  },
  {
    fault: "rounds k down and takes 0 for 1",
    law: "input.k",
    family: breakQueries(grid, (prepared) => ({
      topK: (c, k, allow) =>
        prepared.topK(c, typeof k === "number" && k >= 0 ? Math.max(1, Math.floor(k)) : k, allow),
    })),
  },
  {
    fault: "gives its own hits away",
    law: "topk.sorted",
    family: breakQueries(plain, (prepared) => {
      const known = new Map<string, Hits>();
      return {
        topK(c, k, allow) {
          const hits = prepared.topK(c, k, allow);
          const key = `${c.count} ${k} ${allow?.words.join() ?? ""}`;
          if (!known.has(key)) known.set(key, hits);
          return known.get(key)!;
        },
      };
    }),
  },
  {
    fault: "resident codes lose an incomplete last block",
    law: "topk.resident",
    family: breakCodec(grid, (codec) => ({
      resident(c) {
        const count = c.count - (c.count % 8);
        const blocks = codec.resident!({ ...c, bytes: c.bytes.subarray(0, count * c.stride), count });
        return { ...blocks, count: c.count };
      },
    })),
  },
  {
    fault: "doesn't name the k-th row among those to score again",
    law: "topk.near",
    family: breakScorer(
      breakCodec(grid, () => ({ queryError: (queries) => new Float32Array(queries.count).fill(0.1) })),
      (scorer) => ({
        nearBatch(queries, c, k, _near, allow) {
          const hits = scorer.topKBatch(queries, c, k, allow);
          const width = Math.max(0, Math.min(...hits.map(({ length }) => length)) - 1);
          return { slots: Uint32Array.from(hits.flatMap(({ slots }) => [...slots.slice(0, width)])), width };
        },
      }),
    ),
  },
  {
    fault: "finds rows that aren't named",
    law: "topk.among",
    family: breakScorer(grid, (scorer) => ({
      topKAmong: (queries, c, rows, k) => scorer.topKBatch(queries, c, Math.min(k, rows.width)),
    })),
  },
  {
    fault: "takes resident codes of any codec for its own",
    law: "input.codes",
    family: breakScorer(grid, (scorer, codec) => ({
      topKBatch(queries, c, k, allow) {
        if (!("kind" in c) || c.codec === codec.name) return scorer.topKBatch(queries, c, k, allow);
        return Array.from({ length: queries.count }, () => hitsAt([], []));
      },
    })),
  },
];
