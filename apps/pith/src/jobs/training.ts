/**
 * The codec that options ask for, trained where its family says that a sample is of use. The sample is spread evenly over the
 * file and a function of the file alone, so that a run that goes on after a kill trains the same codec again.
 */
import {
  type Codec,
  type CodecFamily,
  type CommonOptions,
  isPithError,
  PithError,
  stateBytes,
  type Training,
  type Vectors,
} from "@pith/codec-core";
import { type RowSource, withPath } from "@pith/codec-core/files";
import { checkSampleRows, gatherRows, rowsWithin, spreadRows } from "./row-sample.ts";

/** Rows of a sample unless told otherwise: 65,536, fewer where they take more than 128 MiB. */
export const SAMPLE_ROWS = 65_536;
const SAMPLE_BYTES = 128 * 2 ** 20;

/** What the user says about training. */
export interface TrainingWish {
  /** False: a codec of options alone. */
  readonly train: boolean;
  /** Most rows of the sample. */
  readonly rows?: number | undefined;
  /** Learn even what takes more room than the codes do. */
  readonly force?: boolean | undefined;
  /** Another file to draw the sample from. */
  readonly from?: RowSource | undefined;
}

/** What came of it; null where the codec learns nothing. */
export type TrainingReport =
  | { readonly trained: true; readonly rows: number; readonly from: string }
  | { readonly trained: false; readonly reason: "too few rows" | "as told"; readonly minRows: number }
  | null;

export interface TrainingJob {
  readonly family: CodecFamily;
  readonly options: CommonOptions;
  readonly source: RowSource;
  readonly wish?: TrainingWish | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onSample?: ((rows: number, total: number) => void) | undefined;
}

/**
 * @throws SAMPLE_TOO_SMALL, NOT_SUPPORTED (told not to train what only training makes), DIM_MISMATCH, NOT_FINITE,
 * INVALID_ARGUMENT (also where what is learned takes more room than the codes)
 */
export async function makeCodec(job: TrainingJob): Promise<{ codec: Codec; training: TrainingReport }> {
  const { family, options, source, wish = { train: true }, signal, onSample } = job;
  const need = trainingOf(family, options);
  const file = wish.from ?? source;
  const told = wish.from !== undefined || wish.rows !== undefined;
  if (need.sample === "none") {
    if (told)
      throw new PithError(
        "INVALID_ARGUMENT",
        `${family.name} with these options learns nothing from a sample`,
      );
    return { codec: family.create(options), training: null };
  }
  const untrained = (
    reason: "too few rows" | "as told",
    minRows: number = need.minSample,
  ): { codec: Codec; training: TrainingReport } => ({
    codec: family.create(options),
    training: { trained: false, reason, minRows },
  });
  if (!wish.train) {
    if (need.sample === "optional") return untrained("as told");
    throw new PithError("NOT_SUPPORTED", `${family.name} with these options is made by training alone`);
  }
  if (file.dim !== options.dim)
    throw withPath(
      new PithError("DIM_MISMATCH", `expected a sample of dim ${options.dim}, got ${file.dim}`, {
        expected: options.dim,
        actual: file.dim,
      }),
      file.path,
    );
  const most =
    wish.rows ?? Math.max(need.minSample, Math.min(SAMPLE_ROWS, rowsWithin(SAMPLE_BYTES, file.dim)));
  const rows = Math.min(file.count, checkSampleRows("--sample-rows", most, file.dim));
  if (rows < need.minSample) {
    if (need.sample === "optional" && !told) return untrained("too few rows");
    throw withPath(
      new PithError(
        "SAMPLE_TOO_SMALL",
        `expected ${need.minSample} rows or more to train ${family.name}, got ${rows}`,
        { expected: need.minSample, actual: rows },
      ),
      file.path,
    );
  }
  const sample = await gatherRows(file, spreadRows(file.count, rows), {
    signal,
    onProgress: onSample && ((done) => onSample(done, rows)),
  });
  const codec = train(family, sample, options);
  const [learned, codeBytes] = [stateBytes(codec.state()), source.count * codec.stride];
  if (learned > codeBytes && !wish.force) {
    const worth = Math.ceil(learned / codec.stride);
    if (need.sample === "optional" && !told) return untrained("too few rows", worth);
    throw withPath(
      new PithError(
        "INVALID_ARGUMENT",
        `${family.name} would learn ${learned} bytes for ${codeBytes} bytes of codes: worth it from ${worth} rows on, ` +
          `got ${source.count}; --force does it all the same`,
        { learned, codes: codeBytes, expected: worth, actual: source.count },
      ),
      source.path,
    );
  }
  return { codec, training: { trained: true, rows, from: file.path } };
}

/** As `makeCodec`, from vectors in memory. @throws SAMPLE_TOO_SMALL, and what the family throws */
export function codecOfRows(family: CodecFamily, rows: Vectors, options: CommonOptions): Codec {
  const { sample, minSample } = trainingOf(family, options);
  const use = sample === "required" || (sample === "optional" && rows.count >= minSample);
  return use ? train(family, rows, options) : family.create(options);
}

/** Codes that a setting doesn't serve these vectors at all. */
const UNSERVED = ["DIM_UNSUPPORTED", "UNSUPPORTED_METRIC", "SAMPLE_TOO_SMALL"];

/** As `codecOfRows`; where these options don't serve these vectors, the reason. */
export function codecOrReason(family: CodecFamily, rows: Vectors, options: CommonOptions): Codec | string {
  try {
    return codecOfRows(family, rows, options);
  } catch (error) {
    if (isPithError(error) && UNSERVED.includes(error.code)) return error.message;
    throw error;
  }
}

function trainingOf(family: CodecFamily, options: CommonOptions): Training {
  return family.training?.(options) ?? { sample: "none", minSample: 0 };
}

function train(family: CodecFamily, sample: Vectors, options: CommonOptions): Codec {
  if (family.train) return family.train(sample, options);
  throw new PithError("INTERNAL", `${family.name} asks for a sample and doesn't train`);
}
