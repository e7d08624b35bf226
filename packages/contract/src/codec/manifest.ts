/** What a codec says about itself has to be true, for everything else in this suite goes by it. */
import { type Codec, METRICS, type Metric } from "@pith/codec-core";
import { flatBytes } from "./code-bytes.ts";
import { sameState } from "./states.ts";
import type { LawChecks, Trial } from "./trial.ts";

const MAX_DIM = 65_536;

export const manifestLaws: LawChecks<
  | "manifest.shape"
  | "manifest.metrics"
  | "manifest.decode"
  | "manifest.dims"
  | "manifest.trained"
  | "manifest.training"
  | "manifest.symmetric"
  | "manifest.deterministic"
> = {
  "manifest.shape": {
    run(trial) {
      const { t, family, metric, dim } = trial;
      const codec = trial.codec();
      const { supports } = codec;
      const integer = (x: unknown, from: number): boolean => Number.isSafeInteger(x) && (x as number) >= from;
      t.ok(typeof family.name === "string" && family.name !== "", "family.name is a name");
      t.ok(integer(family.version, 1), "family.version is an integer from 1");
      t.ok(typeof family.summary === "string" && family.summary !== "", "family.summary is a line");
      t.ok(typeof family.options === "object" && family.options !== null, "family.options is a schema");
      t.equal(codec.name, family.name, "codec.name is the family's");
      t.ok(
        integer(codec.version, 1) && codec.version <= family.version,
        "codec.version is one of the family's",
      );
      t.equal(codec.dim, dim, "codec.dim is the one asked for");
      t.equal(codec.metric, metric, "codec.metric is the one asked for");
      t.ok(integer(codec.stride, 1), "codec.stride is an integer from 1");
      t.ok(Array.isArray(supports.metrics), "supports.metrics is an array");
      t.ok(supports.metrics.includes(metric), "supports.metrics has codec.metric");
      t.equal(
        new Set(supports.metrics).size,
        supports.metrics.length,
        "metrics in supports.metrics, each once",
      );
      t.ok(
        supports.metrics.every((m) => METRICS.includes(m)),
        "supports.metrics are metrics",
      );
      t.equal(typeof supports.trained, "boolean", "type of supports.trained");
      t.equal(typeof supports.symmetric, "boolean", "type of supports.symmetric");
      t.ok(["exact", "approximate", "none"].includes(supports.decode), "supports.decode is one of the three");
      t.ok(
        ["bitwise", "ranking"].includes(supports.deterministic),
        "supports.deterministic is one of the two",
      );
      t.ok(
        [undefined, "exact", "integer"].includes(supports.scoring),
        "supports.scoring is one of the two, or absent",
      );
      t.ok(integer(supports.minDim, 1) && supports.minDim <= MAX_DIM, "supports.minDim is a dim");
      t.ok(integer(supports.minSample, 0), "supports.minSample is an integer from 0");
      for (const method of ["encode", "encodeInto", "decode", "decodeInto", "scorer", "state"] as const)
        t.equal(typeof codec[method], "function", `type of codec.${method}`);
      for (const method of ["errorBound", "verifyCodes", "resident", "symmetricScorer"] as const)
        t.ok(
          codec[method] === undefined || typeof codec[method] === "function",
          `codec.${method} is a function or absent`,
        );
    },
  },

  "manifest.metrics": {
    run(trial) {
      const { t, family } = trial;
      const codec = trial.codec();
      const c = codec.encode(trial.rows(3));
      for (const metric of METRICS) {
        if (codec.supports.metrics.includes(metric)) {
          t.ok(family.metrics.includes(metric), `family.metrics has ${metric}, which a codec serves`);
          t.equal(codec.scorer(metric).metric, metric, `scorer("${metric}").metric`);
          t.equal(trial.scores(codec, metric, trial.query(), c).length, 3, "number of scores");
        } else t.throws("UNSUPPORTED_METRIC", () => codec.scorer(metric), `scorer("${metric}")`);
        if (!family.metrics.includes(metric))
          t.throws(
            "UNSUPPORTED_METRIC",
            () => trial.subject.build(metric, trial.dim),
            `a codec for ${metric}, which family.metrics lacks`,
          );
      }
      t.throws("UNSUPPORTED_METRIC", () => codec.scorer("euclid" as Metric), 'scorer("euclid")');
      t.throws(
        "UNSUPPORTED_METRIC",
        () => trial.subject.build("euclid" as Metric, trial.dim),
        'a codec for "euclid"',
      );
    },
  },

  "manifest.decode": {
    run(trial) {
      const { t, dim } = trial;
      const codec = trial.codec();
      const rows = trial.rows(5);
      const c = codec.encode(rows);
      if (codec.supports.decode === "none") {
        t.throws("NOT_SUPPORTED", () => codec.decode(c), "decode");
        t.throws("NOT_SUPPORTED", () => codec.decodeInto(c, new Float32Array(5 * dim)), "decodeInto");
        return;
      }
      const decoded = codec.decode(c);
      t.equal(decoded.dim, dim, "dim of what decode gives");
      t.equal(decoded.count, 5, "count of what decode gives");
      t.equal(decoded.data.length, 5 * dim, "floats that decode gives");
      if (codec.supports.decode === "exact" && codec.metric !== "cosine")
        t.same(decoded.data, rows.data, "what an exact codec decodes");
    },
  },

  "manifest.dims": {
    dims: "few",
    run(trial) {
      const { t, metric, subject } = trial;
      const { supports } = trial.codec();
      const bad = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DIM + 1, supports.minDim - 1];
      for (const dim of bad) t.throws("DIM_UNSUPPORTED", () => build(trial, dim), `a codec of dim ${dim}`);
      const least = subject.codec(metric, supports.minDim);
      t.equal(least.encode(subject.sample(2, supports.minDim)).count, 2, "rows encoded at minDim");
      if (supports.trained) return;
      const wide = { data: new Float32Array(MAX_DIM).fill(0.5), dim: MAX_DIM, count: 1 };
      t.equal(subject.codec(metric, MAX_DIM).encode(wide).count, 1, "rows encoded at dim 65,536");
    },
  },

  "manifest.trained": {
    dims: "few",
    run(trial) {
      const { t, family, metric, dim, subject, options } = trial;
      const { supports } = trial.codec();
      if (!supports.trained) {
        t.equal(supports.minSample, 0, "minSample of a codec that learns nothing");
        t.ok(!family.create(options).supports.trained, "create makes an untrained codec");
        return;
      }
      const { minSample } = supports;
      t.ok(minSample >= 1, "minSample is from 1 where the codec is trained");
      if (typeof family.train !== "function")
        t.fail("a trained codec's family has train", "function", family.train);
      const train = (rows: number): Codec => family.train!(subject.sample(rows, dim), options);
      t.throws("SAMPLE_TOO_SMALL", () => train(minSample - 1), `training on ${minSample - 1} rows`);
      t.ok(train(minSample).supports.trained, `training on ${minSample} rows makes a trained codec`);
      const wrong = { ...options, dim: dim + 1 };
      t.throws("DIM_MISMATCH", () => family.train!(subject.sample(minSample, dim), wrong), "another dim");
      const sample = subject.sample(minSample, dim);
      sample.data[sample.data.length - 1] = Number.NaN;
      t.throws("NOT_FINITE", () => family.train!(sample, options), `training ${metric} on a NaN`);
    },
  },

  "manifest.training": {
    dims: "few",
    run(trial) {
      const { t, family, dim, subject, options } = trial;
      t.equal(
        typeof family.training,
        typeof family.train,
        "type of family.training beside that of family.train",
      );
      if (!family.train || !family.training) return;
      const { sample, minSample } = family.training(options);
      const rows = subject.sample(Math.max(256, minSample), dim);
      const { supports } = family.train(rows, options);
      t.ok(["required", "optional", "none"].includes(sample), "sample is one of the three");
      t.equal(supports.trained, sample !== "none", `whether train learns, where a sample is ${sample}`);
      t.equal(supports.minSample, minSample, "rows that the codec of train asks for");
      if (sample === "required") t.throws("NOT_SUPPORTED", () => family.create(options), "create");
      else t.ok(!family.create(options).supports.trained, "create makes an untrained codec");
      if (sample === "none")
        sameState(t, family.train(rows, options).state(), family.create(options).state(), "state by train");
      const unknown = { ...options, no_such_option: 1 } as typeof options;
      t.throws("INVALID_OPTION", () => family.training?.(unknown), "training with an unknown option");
      t.throws("DIM_UNSUPPORTED", () => family.training?.({ ...options, dim: 0 }), "training for dim 0");
    },
  },

  "manifest.symmetric": {
    dims: "few",
    run(trial) {
      const codec = trial.codec();
      const there = typeof codec.symmetricScorer === "function";
      trial.t.equal(there, codec.supports.symmetric, "whether symmetricScorer is there");
    },
  },

  "manifest.deterministic": {
    dims: "few",
    run(trial) {
      const { t, subject, metric, dim } = trial;
      const rows = trial.rows(20);
      const [a, b] = [subject.build(metric, dim), subject.build(metric, dim)];
      sameState(t, b.state(), a.state(), "state of a second instance");
      t.same(flatBytes(b.encode(rows)), flatBytes(a.encode(rows)), "codes of a second instance");
    },
  },
};

/** By create and, where there is one, by train: each has to look at the dim before anything else. */
function build({ family, subject, metric }: Trial, dim: number): Codec {
  const options = subject.options(metric, dim);
  if (!family.train) return family.create(options);
  const sample = { data: new Float32Array(0), dim, count: 0 };
  try {
    return family.create(options);
  } catch (error) {
    if ((error as { code?: string }).code !== "NOT_SUPPORTED") throw error;
    return family.train(sample, options);
  }
}
