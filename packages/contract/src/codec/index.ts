/**
 * `codecContract`: every law for every metric of a family, on every backend that runs here. What a codec can't do,
 * by its own manifest, isn't tested; there are no switches to turn a law off.
 */
import type { BackendName, CodecFamily, Metric } from "@pith/codec-core";
import { DEFAULT_SEED, type TestFunction, underLaw } from "../runner.ts";
import { asyncLaws } from "./async.ts";
import { backendChoices, backendName, whileOnBackend } from "./backends.ts";
import { backendLaws } from "./cross-backend.ts";
import { inputLaws } from "./input.ts";
import { CODEC_LAWS, type CodecLaw } from "./laws.ts";
import { manifestLaws } from "./manifest.ts";
import { optionLaws } from "./options.ts";
import { purityLaws } from "./purity.ts";
import { scoreLaws } from "./score.ts";
import { stateLaws } from "./state.ts";
import { strideLaws } from "./stride.ts";
import { topKLaws } from "./top-k.ts";
import { type ExtraOptions, type LawCheck, type LawChecks, Subject, Trial } from "./trial.ts";
import { valueLaws } from "./values.ts";
import { viewLaws } from "./views.ts";

export interface CodecContract {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law. */
  readonly test: TestFunction;
  readonly family: CodecFamily;
  /** Options of the family beyond dim and metric; an array runs the suite for each of them. Default {}. */
  readonly options?: ExtraOptions | readonly ExtraOptions[];
  /** Default: from the codec's minDim to 17, then 63, 64, 65, 384 and 768. */
  readonly dims?: readonly number[];
  /** Default: both; "native" stands for each instruction set that the addon can use here. */
  readonly backends?: readonly BackendName[];
  /** Seeds all data; printed in each test's name and failure. */
  readonly seed?: number;
}

const CHECKS: LawChecks<CodecLaw> = {
  ...manifestLaws,
  ...strideLaws,
  ...purityLaws,
  ...inputLaws,
  ...optionLaws,
  ...viewLaws,
  ...valueLaws,
  ...scoreLaws,
  ...topKLaws,
  ...stateLaws,
  ...asyncLaws,
  ...backendLaws,
};

const LAWS = Object.keys(CODEC_LAWS) as CodecLaw[];
const USUAL_DIMS = [...Array.from({ length: 17 }, (_, i) => i + 1), 63, 64, 65, 384, 768];
const SMALL_DIM = 100;

/** Registers the suite. A failing test throws a `LawFailure`: a plain Error with the law, the place and the seed. */
export function codecContract(contract: CodecContract): void {
  const { test, family, seed = DEFAULT_SEED } = contract;
  const { choices, skipped } = backendChoices(contract.backends ?? ["portable", "native"]);
  for (const extra of [contract.options ?? {}].flat() as ExtraOptions[]) {
    const subject = new Subject(family, extra, seed);
    if (skipped !== undefined) test(`${subject.name}: native backend skipped: ${skipped}`, () => {});
    for (const metric of family.metrics) {
      const applies = applicable(subject, metric, contract.dims);
      for (const choice of choices) {
        const where = `${subject.name} ${metric} on ${backendName(choice)}`;
        for (const law of LAWS) {
          const check: LawCheck = CHECKS[law];
          if (!applies(check) || (check.crossBackend && choice.backend === "portable")) continue;
          test(`${where}: ${law}: ${CODEC_LAWS[law]} (seed ${seed})`, async () => {
            let dims: readonly number[] = [];
            await underLaw(law, where, seed, () => {
              dims = dimsOf(check, contract.dims ?? usualDims(subject, metric));
            });
            for (const dim of dims)
              await underLaw(law, `${where}, dim ${dim}`, seed, (t) =>
                whileOnBackend(choice, () => check.run(new Trial(subject, metric, dim, t))),
              );
          });
        }
      }
    }
  }
}

/** Which laws a family's codecs are under, by the manifest of one of them; all, where none can be made. */
function applicable(
  subject: Subject,
  metric: Metric,
  dims: readonly number[] | undefined,
): (check: LawCheck) => boolean {
  try {
    const codec = subject.codec(metric, dims?.[0] ?? subject.minDim(metric));
    return (check) => check.applies?.(codec) ?? true;
  } catch {
    return () => true; // its tests will fail with the reason
  }
}

function usualDims(subject: Subject, metric: Metric): number[] {
  const least = subject.minDim(metric);
  return USUAL_DIMS.filter((dim) => dim >= least);
}

/** Smallest, middle and the largest of the small ones, for laws that hardly depend on the dim. */
function dimsOf(check: LawCheck, dims: readonly number[]): readonly number[] {
  if (check.dims !== "few" || dims.length <= 3) return dims;
  const small = dims.filter((dim) => dim <= SMALL_DIM);
  const from = small.length >= 3 ? small : dims;
  return [from[0], from[from.length >> 1], from[from.length - 1]];
}
