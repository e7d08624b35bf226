/** The options of the learned basis, from a caller or a file. */
import {
  checkDim,
  KLT_WIDEST,
  type KltTrellis,
  type Metric,
  type OptionSchema,
  PithError,
  readOptions,
} from "@pith/codec-core";

export type SpectralQuantizer = "trellis" | "scalar";
export type SpectralTable = "full" | "separable";

export interface SpectralParams {
  /** Bytes a vector, all in: the bits of the components, the scalar, and under l2 the squared length. */
  readonly bytes: number;
  /** How components become bits: neighbours together (trellis coding), or each by levels of its own. */
  readonly quantizer: SpectralQuantizer;
  /** Of a trellis: one table of 256 values, or sums of two tables of 16. */
  readonly table: SpectralTable;
}

/** The largest dim: beyond, a basis takes hours to learn. */
const MOST_DIM = 8192;

export const OPTIONS: OptionSchema = {
  bytes: {
    type: "integer",
    default: 24,
    min: 2,
    max: KLT_WIDEST * (MOST_DIM / 8) + 5,
    about: "bytes a vector, all in: from 2 (under l2 6) to 7 bits a dim",
  },
  quantizer: {
    type: "choice",
    default: "trellis",
    choices: ["trellis", "scalar"],
    about: "trellis: better recall in the same bytes; scalar: faster to encode",
  },
  table: {
    type: "choice",
    default: "full",
    choices: ["full", "separable"],
    about: "of a trellis: one table of 256 values, the better recall, or sums of two of 16",
  },
};

/** @throws INVALID_OPTION */
export function readParams(given: { readonly [name: string]: unknown }, metric: Metric): SpectralParams {
  const params = readOptions(OPTIONS, given) as unknown as SpectralParams;
  const least = 1 + sideBytes(metric);
  if (params.bytes < least)
    throw new PithError(
      "INVALID_OPTION",
      `option "bytes": expected ${least} or more under ${metric}, got ${params.bytes}`,
      { option: "bytes", expected: least, actual: params.bytes },
    );
  if (params.table !== "full" && params.quantizer !== "trellis")
    throw new PithError(
      "INVALID_OPTION",
      `option "table": expected full with quantizer ${params.quantizer}, got ${params.table}`,
      { option: "table", expected: "full", actual: params.table },
    );
  return params;
}

/** What the kernels call the way of coding. */
export function trellisOf({ quantizer, table }: SpectralParams): KltTrellis {
  return quantizer === "trellis" && table;
}

/** Bytes of a code beside the bits of its components. */
function sideBytes(metric: Metric): number {
  return metric === "l2" ? 5 : 1;
}

/** Bytes of the bits of components. */
export function codeBytesOf(metric: Metric, { bytes }: SpectralParams): number {
  return bytes - sideBytes(metric);
}

/** The least dim that can fill its bytes. */
export function leastDim(metric: Metric, params: SpectralParams): number {
  return Math.max(2, Math.ceil((8 * codeBytesOf(metric, params)) / KLT_WIDEST));
}

/** @throws DIM_UNSUPPORTED */
export function checkBudget(dim: number, metric: Metric, params: SpectralParams): number {
  const least = leastDim(metric, params);
  if (checkDim(dim) < least || dim > MOST_DIM)
    throw new PithError(
      "DIM_UNSUPPORTED",
      `${params.bytes} bytes a vector: expected a dim from ${least} to ${MOST_DIM}, got ${dim}`,
      { expected: [least, MOST_DIM], actual: dim },
    );
  return dim;
}

/** The widest component: 4 bits where all stand in nibbles, so that tables of 16 entries can score them. */
export function widestOf(dim: number, params: SpectralParams): number {
  return isNibbled(dim, params) ? 4 : KLT_WIDEST;
}

/** Whether components take 1, 2 or 4 bits and none lies across two nibbles: `scalar`, up to a bit a dim. */
export function isNibbled(dim: number, { bytes, quantizer }: SpectralParams): boolean {
  return quantizer === "scalar" && 8 * bytes <= dim;
}
