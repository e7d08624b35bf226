/** What a score is: exact on what the code decodes to, higher is better, and blind to length under cosine. */
import type { Codec, Codes, Metric, Vectors } from "@pith/codec-core";
import { dot, exactScore, norm, scoreTolerance, unit } from "./exact.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 37;

export const scoreLaws: LawChecks<"score.decoded" | "score.higher" | "score.scale"> = {
  "score.decoded": {
    wide: true,
    applies: decodes,
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(COUNT));
      const decoded = rowsOf(codec.decode(c));
      for (const metric of codec.supports.metrics) {
        if (codec.supports.scoring === "integer") {
          scoresInIntegers(trial, codec, metric, c);
          continue;
        }
        for (let i = 0; i < 3; i++) {
          const query = i < 2 ? trial.query(i) : trial.rows(1).data;
          const scores = trial.scores(codec, metric, query, c);
          const expected = decoded.map((row) => exactScore(metric, query, row));
          const tolerance = decoded.map((row) => scoreTolerance(metric, query, row));
          const what = `${metric} scores of query ${i}, beside exact ones on decoded vectors`;
          if (codec.metric !== "cosine" || metric !== "cosine") t.near(scores, expected, tolerance, what);
          else
            nearEither(scores, expected, asTheyStand(query, decoded), (s, e) =>
              t.near(s, e, tolerance, what),
            );
        }
      }
    },
  },

  "score.higher": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(12);
      const both = { data: new Float32Array(24 * dim), dim, count: 24 };
      both.data.set(rows.data);
      both.data.set(
        rows.data.map((x) => -x),
        12 * dim,
      );
      const c = codec.encode(both);
      for (const metric of codec.supports.metrics)
        rowsOf(rows).forEach((row, i) => {
          const scores = trial.scores(codec, metric, row, c);
          if (!(scores[i] > scores[i + 12]))
            t.fail(`${metric}: row ${i} scores ${scores[i]} with itself, its opposite ${scores[i + 12]}`);
        });
    },
  },

  // A power of two scales floats without rounding, so the codes have no reason to differ.
  "score.scale": {
    applies: (codec) => codec.metric === "cosine",
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const rows = trial.rows(COUNT);
      const query = trial.query();
      const scores = trial.scores(codec, "cosine", query, codec.encode(rows));
      for (const by of [2 ** 90, 2 ** -90]) {
        const scaled = codec.encode({ ...rows, data: rows.data.map((x) => x * by) });
        t.near(trial.scores(codec, "cosine", query, scaled), scores, 1e-6, `cosine of rows times ${by}`);
        const long = query.map((x) => x * by);
        t.near(trial.scores(codec, "cosine", long, scaled), scores, 1e-6, `cosine with a query times ${by}`);
      }
    },
  },
};

/**
 * Rounding a query q to 127 steps of its largest coordinate moves each coordinate by half a step or less, and a product
 * with x by at most |x| sqrt(dim) max|q_j| / 254. However a Gaussian query is turned, its coordinates stay below
 * |q| min(1, 6 / sqrt(dim)): a score may be off by 6 / 254 of |q||x|. Errors come in all sizes and both signs, so that
 * their root mean square is far smaller; 1 / 254 is allowed.
 *
 * Under l2 a score is -(|q|^2 + L - 2 q.x): L, minus the score of a query of zeros, is the squared length of the decoded
 * vector or of the one that was encoded. It is no more than 0, whatever the error.
 */
function scoresInIntegers(trial: Trial, codec: Codec, metric: Metric, c: Codes): void {
  const { t, dim } = trial;
  // Codes that keep lengths serve cosine by dividing by them.
  const divided = metric === "cosine" && codec.metric !== "cosine";
  const decoded = rowsOf(codec.decode(c)).map((row) => (divided ? unit(row) : row));
  const encoded = rowsOf(trial.rows(COUNT));
  const squares = trial.scores(codec, metric, new Float32Array(dim), c).map((score) => -score);
  if (metric === "l2")
    squares.forEach((found, i) => {
      const [own, given] = [decoded[i], encoded[i]].map((row) => norm(row) ** 2);
      const expected = Math.abs(found - own) < Math.abs(found - given) ? own : given;
      t.near([found], [expected], 4e-6 * expected, `minus the l2 score of row ${i} with zeros`);
    });
  const relative: number[] = [];
  for (let i = 0; i < 8; i++) {
    const query = trial.query(i);
    const q = metric === "cosine" ? unit(query) : query;
    const scores = trial.scores(codec, metric, query, c);
    const expected = decoded.map((row, j) =>
      metric === "l2" ? Math.min(0, 2 * dot(q, row) - norm(q) ** 2 - squares[j]) : dot(q, row),
    );
    const sizes = decoded.map((row) => (metric === "l2" ? 2 : 1) * norm(q) * norm(row));
    const rounding = decoded.map((row) => scoreTolerance(metric, q, row));
    const tolerance = sizes.map((size, j) => (6 / 254) * size + rounding[j]);
    t.near(scores, expected, tolerance, `${metric} scores of query ${i}, beside those of the query as it is`);
    scores.forEach((score, j) => {
      relative.push(Math.max(0, Math.abs(score - expected[j]) - rounding[j]) / sizes[j]);
    });
  }
  const rms = norm(relative) / Math.sqrt(relative.length);
  t.ok(rms <= 1 / 254, `${metric} scores are off by 1/254 of |q||x| or less, root mean square (${rms})`);
}

/** Decoded vectors of a cosine codec are unit vectors up to its own error: a codec may take them as they stand. */
function asTheyStand(query: Float32Array, decoded: readonly Float32Array[]): number[] {
  const direction = unit(query);
  return decoded.map((row) => dot(direction, row));
}

/** One reading for all rows: the exact cosine, or decoded vectors as they stand. */
function nearEither(
  scores: Float32Array,
  cosines: readonly number[],
  standing: readonly number[],
  near: (scores: Float32Array, expected: readonly number[]) => void,
): void {
  try {
    near(scores, standing);
  } catch {
    near(scores, cosines);
  }
}

function rowsOf(v: Vectors): Float32Array[] {
  return Array.from({ length: v.count }, (_, i) => v.data.subarray(i * v.dim, (i + 1) * v.dim));
}
