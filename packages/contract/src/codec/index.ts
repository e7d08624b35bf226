/**
 * `codecContract`: every law for every metric of a family, on every backend that runs here. What a codec can't do,
 * by its own manifest, isn't tested; there are no switches to turn a law off.
 */
import type { BackendChoice, BackendName, CodecFamily, Isa, Metric } from "@pith/codec-core";
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
import { symmetricLaws } from "./symmetric.ts";
import { topKLaws } from "./top-k.ts";
import { type ExtraOptions, type LawCheck, type LawChecks, Subject, Trial } from "./trial.ts";
import { valueLaws } from "./values.ts";
import { viewLaws } from "./views.ts";
import { reloaded, resident, trained } from "./wrappers.ts";

export interface CodecContract {
  /** `test` of vitest or node:test, `it` of mocha: called with a name and a function for each law. */
  readonly test: TestFunction;
  readonly family: CodecFamily;
  /** Options of the family beyond dim and metric; an array runs the suite for each of them. Default {}. */
  readonly options?: ExtraOptions | readonly ExtraOptions[];
  /** Default: from the codec's minDim to 17, then 63, 64, 65, 384 and 768, and for what counts most 1,536 and 3,072. */
  readonly dims?: readonly number[];
  /** Default: both; each stands for the instruction sets that it can use here, which can be named themselves. */
  readonly backends?: readonly (BackendName | Isa)[];
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
  ...symmetricLaws,
  ...stateLaws,
  ...asyncLaws,
  ...backendLaws,
};

const LAWS = Object.keys(CODEC_LAWS) as CodecLaw[];
const USUAL_DIMS = [...Array.from({ length: 17 }, (_, i) => i + 1), 63, 64, 65, 384, 768];
const SMALL_DIM = 100;
/** Dims of long embeddings, for laws that are `wide`. */
const WIDE_DIMS = [1536, 3072];
/** The suite runs again over these, at few dims and on the fastest backend. */
const WRAPPERS: { readonly [name: string]: (family: CodecFamily) => CodecFamily } = {
  "saved and reloaded": reloaded,
  resident,
};

/** Registers the suite. A failing test throws a `LawFailure`: a plain Error with the law, the place and the seed. */
export function codecContract(contract: CodecContract): void {
  const { test, family, seed = DEFAULT_SEED } = contract;
  const { choices, skipped } = backendChoices(contract.backends ?? ["portable", "native"]);
  for (const extra of [contract.options ?? {}].flat() as ExtraOptions[]) {
    const subject = new Subject(family, extra, seed);
    const learned = new Subject(trained(family), extra, seed);
    if (skipped !== undefined) test(`${subject.name}: native backend skipped: ${skipped}`, () => {});
    for (const metric of family.metrics)
      for (const choice of choices) {
        register(contract, subject, metric, choice);
        // Codes of a trained codec may be laid out in another way: they are compared on every backend.
        if (mayTrain(subject, metric, contract.dims)) register(contract, learned, metric, choice, "trained");
        if (choice !== choices.at(-1)) continue;
        for (const [wrapper, wrap] of Object.entries(WRAPPERS))
          if (wrap !== resident || hasResident(subject, metric, contract.dims))
            register(contract, new Subject(wrap(family), extra, seed), metric, choice, wrapper);
      }
  }
}

function register(
  contract: CodecContract,
  subject: Subject,
  metric: Metric,
  choice: BackendChoice,
  wrapper?: string,
): void {
  const { test, seed = DEFAULT_SEED } = contract;
  const applies = applicable(subject, metric, contract.dims);
  const name = wrapper === undefined ? subject.name : `${subject.name}, ${wrapper},`;
  const where = `${name} ${metric} on ${backendName(choice)}`;
  for (const law of LAWS) {
    const check: LawCheck = CHECKS[law];
    if (!applies(check) || (check.crossBackend && choice.isa === "typescript")) continue;
    test(`${where}: ${law}: ${CODEC_LAWS[law]} (seed ${seed})`, async () => {
      let dims: readonly number[] = [];
      await underLaw(law, where, seed, () => {
        const usual = contract.dims ?? usualDims(subject, metric);
        dims = wrapper === undefined ? dimsOf(check, usual, contract.dims === undefined) : few(usual);
      });
      for (const dim of dims)
        await underLaw(law, `${where}, dim ${dim}`, seed, (t) =>
          whileOnBackend(choice, () => check.run(new Trial(subject, metric, dim, t))),
        );
    });
  }
}

/** Whether training is a choice: what `create` makes was tested, and what `train` makes is still to be. */
function mayTrain(subject: Subject, metric: Metric, dims: readonly number[] | undefined): boolean {
  try {
    const dim = dims?.[0] ?? subject.minDim(metric);
    return subject.family.training?.(subject.options(metric, dim)).sample === "optional";
  } catch {
    return false; // the tests of the family itself will fail with the reason
  }
}

function hasResident(subject: Subject, metric: Metric, dims: readonly number[] | undefined): boolean {
  return applicable(
    subject,
    metric,
    dims,
  )({ applies: (codec) => codec.resident !== undefined, run: () => {} });
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

function dimsOf(check: LawCheck, dims: readonly number[], usual: boolean): readonly number[] {
  if (check.dims === "few") return few(dims);
  return usual && check.wide ? [...dims, ...WIDE_DIMS] : dims;
}

/** Smallest, middle and the largest of the small ones, for laws that hardly depend on the dim. */
function few(dims: readonly number[]): readonly number[] {
  if (dims.length <= 3) return dims;
  const small = dims.filter((dim) => dim <= SMALL_DIM);
  const from = small.length >= 3 ? small : dims;
  return [from[0], from[from.length >> 1], from[from.length - 1]];
}
