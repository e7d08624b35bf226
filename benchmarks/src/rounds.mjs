/** The contenders on one dataset, in rounds, so that a busy minute of the machine falls on all alike. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { runContender, takesPart } from "./contenders.mjs";
import { DEPTH, exactTopK, quality } from "./quality.mjs";
import { median } from "./timing.mjs";

const SPEEDS = ["encode", "single", "batch"];
/** Tiled rows: their recall is for the eye of whoever reads the results, at what a search is timed for. */
const TILED_DEPTH = 10;

/**
 * @param dataset as `loadDataset` gives it
 * @param {{ seconds: number, rounds: number, cpu?: string }} options
 * @param beforeRound called with no arguments before each round
 * @returns the dataset with a row for each contender: medians over the rounds, and the rounds
 */
export function measureDataset(dataset, contenders, options, beforeRound, log) {
  const { name, dim, count, corpus, queries, judgements, speedOnly } = dataset;
  const asked = queries.length / dim;
  const depth = Math.min(speedOnly ? TILED_DEPTH : DEPTH, count);
  const judged = Math.min(asked, speedOnly?.recall ?? asked);
  const truth = exactTopK(corpus, queries.subarray(0, judged * dim), dim, depth);
  const rows = contenders
    .filter((contender) => takesPart(contender, dataset))
    .map((contender) => ({ contender, rounds: [], qualities: [] }));
  log(`${name}: ${count} vectors of ${dim} dims, ${asked} queries, ${rows.length} contenders`);
  const folder = mkdtempSync(join(tmpdir(), "pith-benchmark-"));
  try {
    writeFileSync(join(folder, "corpus.f32"), corpus);
    writeFileSync(join(folder, "queries.f32"), queries);
    const speedQueries = {
      single: Math.min(asked, speedOnly?.single ?? asked),
      batch: Math.min(asked, speedOnly?.batch ?? asked),
    };
    for (let round = 0; round < options.rounds; round++) {
      beforeRound();
      rows.forEach((row, i) => {
        if (row.skipped !== undefined) return;
        // What takes long is judged once.
        const recallQueries = round > 0 && row.contender.queries !== undefined ? 0 : judged;
        const task = { dim, count, depth, seconds: options.seconds, speedQueries, recallQueries };
        const { found, speed, ...figures } = runContender(row.contender, task, folder, options.cpu);
        if (figures.skipped !== undefined) row.skipped = figures.skipped;
        else if (figures.error !== undefined) row.error = figures.error;
        else {
          row.rounds.push({ ...speed, load: load() });
          row.figures = figures;
          if (found) row.qualities.push(quality(found, truth, depth, judgements));
        }
        const shown = row.skipped ?? row.error ?? line(figures, row.qualities.at(-1), speed);
        const place = `round ${round + 1}/${options.rounds}  ${String(i + 1).padStart(2)}/${rows.length}`;
        log(`  ${place}  ${row.contender.name.padEnd(32)} ${shown}`);
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    name,
    dim,
    count,
    queries: asked,
    exactNdcg10: quality(truth, truth, depth, judgements).ndcg10,
    ...(speedOnly ? { speedOnly } : {}),
    rows: rows.filter((row) => row.skipped === undefined).map(summary),
  };
}

function summary({ contender, error, figures, qualities, rounds }) {
  const { name, runtime, ours, flat, threads } = contender;
  const about = { name, runtime, ours, flat, ...(threads === undefined ? {} : { threads }) };
  if (error !== undefined) return { ...about, error };
  const speed = Object.fromEntries(
    SPEEDS.map((kind) => [kind, medianOfMeasured(rounds.map((r) => r[kind]))]),
  );
  // Where a rotation is drawn anew each time, what is found differs from round to round.
  const at = (k) => median(qualities.map(({ recall }) => recall[k]));
  const recall = { 1: at(1), 10: at(10), 100: at(100) };
  const ndcg10 = median(qualities.map((one) => one.ndcg10));
  return { ...about, ...figures, recall, ndcg10, speed, rounds };
}

/** An index that a round took over from an earlier one wasn't built in it. */
function medianOfMeasured(rates) {
  return median(rates.filter((rate) => rate !== null));
}

function line({ bytesPerVector }, judged, speed) {
  const perSecond = SPEEDS.map((kind) => `${kind} ${speed[kind] === null ? "-" : Math.round(speed[kind])}/s`);
  const shown = [`${bytesPerVector.total.toFixed(1)} B`];
  if (judged) shown.push(`recall@10 ${judged.recall[10]?.toFixed(4) ?? "-"}`);
  shown.push(...perSecond);
  if (judged?.ndcg10) shown.push(`nDCG@10 ${judged.ndcg10.toFixed(4)}`);
  return shown.join("  ");
}

export function load() {
  return Number(loadavg()[0].toFixed(2));
}
