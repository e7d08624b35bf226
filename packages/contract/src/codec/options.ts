/** Options are read by the family's schema; what the schema doesn't know or rules out is refused. */
import type { OptionSpec } from "@pith/codec-core";
import type { LawChecks } from "./trial.ts";

export const optionLaws: LawChecks<"input.options"> = {
  "input.options": {
    dims: "few",
    run(trial) {
      const { t, subject, metric, dim, family } = trial;
      const codec = trial.codec();
      const make = (extra: Record<string, unknown>): unknown => {
        const options = { ...subject.options(metric, dim), ...extra };
        return codec.supports.trained && family.train
          ? family.train(subject.sample(Math.max(256, codec.supports.minSample), dim), options)
          : family.create(options);
      };
      for (const name of ["no-such-option", "toString", "dimension"])
        t.throws("INVALID_OPTION", () => make({ [name]: 1 }), `the unknown option ${name}`);
      for (const [name, spec] of Object.entries(family.options))
        for (const value of badValues(spec))
          t.throws("INVALID_OPTION", () => make({ [name]: value }), `${name} = ${String(value)}`);
    },
  },
};

/** Values that a schema rules out. */
function badValues(spec: OptionSpec): unknown[] {
  if (spec.type === "boolean") return ["maybe", 2, null];
  if (spec.type === "choice") return ["no-such-choice", 1, null];
  const outside = [spec.min - 1, spec.max + 1].filter((n) => n < spec.min || n > spec.max);
  const fraction = spec.type === "integer" ? [spec.default + 0.5] : [];
  return [...outside, ...fraction, Number.NaN, "many", "", null, true];
}
