/** TypeScript is the oracle: what runs here has to give its bytes, its floats, its scores and its hits. */
import type { Codec, Codes, Hits } from "@pith/codec-core";
import { onBackend } from "./backends.ts";
import { flatBytes, pickCodes } from "./code-bytes.ts";
import { norm, scoreTolerance } from "./exact.ts";
import { throughFile } from "./states.ts";
import { symmetricScores, symmetricTolerance } from "./symmetric.ts";
import { decodes, type LawChecks, type Trial } from "./trial.ts";

const COUNT = 67;

/** Runs `action` in TypeScript with a codec of its own, restored from the state of the one at hand. */
function inTypeScript<T>(trial: Trial, action: (codec: Codec) => T): T {
  const state = throughFile(trial.codec().state());
  return onBackend({ backend: "portable", isa: "typescript" }, () => action(trial.family.restore(state)));
}

export const backendLaws: LawChecks<
  "backend.codes" | "backend.decode" | "backend.scores" | "backend.symmetric"
> = {
  "backend.codes": {
    wide: true,
    crossBackend: true,
    run(trial) {
      const { t } = trial;
      const rows = trial.rows(COUNT);
      const codec = trial.codec();
      const here = codec.encode(rows);
      const there = inTypeScript(trial, (oracle) => oracle.encode(rows));
      if (codec.supports.deterministic === "bitwise") {
        t.same(flatBytes(here), flatBytes(there), "codes, beside those of TypeScript");
        return;
      }
      for (const metric of codec.supports.metrics) {
        const queries = trial.rows(20, 90);
        const search = (c: Codes): Hits[] => codec.scorer(metric).topKBatch(queries, c, 10);
        const [found, wanted] = [search(here), search(there)];
        const same = found.map(
          (hits, i) => hits.slots.filter((slot) => wanted[i].slots.includes(slot)).length,
        );
        const share = same.reduce((a, b) => a + b, 0) / (10 * found.length);
        t.ok(share >= 0.98, `${metric}: of 200 hits 98% are those of codes from TypeScript (${share})`);
      }
    },
  },

  "backend.decode": {
    wide: true,
    crossBackend: true,
    applies: decodes,
    run(trial) {
      const { t, dim } = trial;
      const c = inTypeScript(trial, (oracle) => oracle.encode(trial.rows(COUNT)));
      const expected = inTypeScript(trial, (oracle) => oracle.decode(c).data);
      const tolerance = new Float64Array(expected.length);
      for (let i = 0; i < COUNT; i++)
        tolerance.fill(1e-6 * norm(expected.subarray(i * dim, (i + 1) * dim)), i * dim, (i + 1) * dim);
      t.near(trial.codec().decode(c).data, expected, tolerance, "decoded floats, beside those of TypeScript");
    },
  },

  "backend.symmetric": {
    crossBackend: true,
    applies: (codec) => codec.supports.symmetric,
    run(trial) {
      const { t } = trial;
      const codec = trial.codec();
      const c = inTypeScript(trial, (oracle) => oracle.encode(trial.rows(COUNT)));
      for (const metric of codec.supports.metrics)
        for (const row of [0, COUNT - 1]) {
          const expected = inTypeScript(trial, (oracle) => symmetricScores(oracle, metric, c, row));
          const tolerance = symmetricTolerance(trial, metric, row, COUNT);
          const scores = symmetricScores(codec, metric, c, row);
          t.near(scores, expected, tolerance, `${metric} scores of code ${row}, beside those of TypeScript`);
        }
    },
  },

  "backend.scores": {
    wide: true,
    crossBackend: true,
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const made = inTypeScript(trial, (oracle) => oracle.encode(trial.rows(COUNT)));
      const order = Array.from({ length: COUNT }, (_, i) => (i % 7 === 0 ? 7 : i));
      const c = pickCodes(made, order); // some equal codes: ties have to fall alike
      const rows = trial.rows(COUNT).data;
      for (const metric of codec.supports.metrics) {
        const query = trial.query();
        const [expected, wanted] = inTypeScript(trial, (oracle) => [
          trial.scores(oracle, metric, query, c),
          oracle.scorer(metric).prepare(query).topK(c, 10),
        ]);
        const scores = trial.scores(codec, metric, query, c);
        // Sums of integers leave no room.
        const exact = codec.supports.scoring === "integer";
        const tolerance = order.map((i) =>
          exact ? 0 : scoreTolerance(metric, query, rows.subarray(i * dim, (i + 1) * dim)),
        );
        t.near(scores, expected, tolerance, `${metric} scores, beside those of TypeScript`);
        const hits = codec.scorer(metric).prepare(query).topK(c, 10);
        if (exact) {
          trial.sameHits(hits, wanted, `${metric} hits, beside those of TypeScript`);
          continue;
        }
        t.equal(hits.length, wanted.length, `${metric}, number of hits`);
        for (let i = 0; i < hits.length; i++) {
          // Another slot is right only where both scores are within the tolerance of each other.
          const [slot, other] = [hits.slots[i], wanted.slots[i]];
          if (slot !== other)
            t.near(
              [expected[slot]],
              [expected[other]],
              2 * tolerance[slot],
              `${metric}, hit ${i}: slot ${slot}`,
            );
        }
      }
    },
  },
};
