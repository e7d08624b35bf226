/**
 * Learning a basis. Of every eight rows of the sample one is held out: the components' bits, and how far off codes are, come
 * from a basis of the other seven and from rows that it never saw. The basis that is kept is then learned from all rows,
 * with the same bits, so that it is no worse than these figures.
 */
import { kernels, type Metric, PithError, scalarTable, unitRows, type Vectors } from "@pith/codec-core";
import { allocate } from "./allocate.ts";
import { pick, residuals, runs, type Sample, type SpectralCentres, sampleOf } from "./centres.ts";
import { measure } from "./errors.ts";
import { layoutOf } from "./layout.ts";
import { codeBytesOf, isNibbled, type SpectralParams, trellisOf, widestOf } from "./params.ts";
import { decodedLengths } from "./rows.ts";
import { type Spectrum, spectrumOf } from "./spectrum.ts";
import { isInRange, type Learned, MOST } from "./tensors.ts";

/** One row of so many is held out. */
const HELD_OUT = 8;
/** Rows that figures are taken of, at most: more say nothing new. */
const MEASURED = 4096;
/** Any scale that rows can be coded with until their scalars are known. */
const ANY_TABLE: Float32Array = scalarTable(new Float32Array());

type Basis = Pick<Learned, "mean" | "basis" | "sigma" | "bits">;

/**
 * `given`: checked, of `MIN_SAMPLE` rows or more; `around`: where rows are coded around centres.
 * @throws SAMPLE_TOO_SMALL, INVALID_ARGUMENT; for centres DIM_MISMATCH, NOT_FINITE, LENGTH_MISMATCH
 */
export function learn(
  given: Vectors,
  metric: Metric,
  params: SpectralParams,
  around?: SpectralCentres,
): Learned {
  const { dim, count } = given;
  const rows = sampleOf(
    metric === "cosine" ? { data: unitRows(given.data, dim), dim, count } : given,
    around,
  );
  const where = (wanted: (i: number) => boolean): Sample =>
    pick(rows, Array.from({ length: count }, (_, i) => i).filter(wanted));
  const step = HELD_OUT * Math.ceil(count / HELD_OUT / MEASURED);
  const other = where((i) => i % step === 0);
  const fromPart = spectrumOf(residuals(where((i) => i % HELD_OUT !== 0)));
  const widths = widthsFor(fromPart, metric, params);
  /** With a table of scalars that these rows need. */
  const coder = (spectrum: Spectrum, scaled: Sample): Basis & Pick<Learned, "table"> => {
    const basis = basisOf(spectrum, widths, dim);
    return { ...basis, table: tableOf(scaled, metric, params, basis) };
  };
  const held = layoutOf(metric, params, coder(fromPart, other));
  const seen = where((i) => i % step === 1);
  const outside = measure(held, other);
  const fit = Float32Array.of(measure(held, seen).relative, outside.relative);
  return { ...coder(spectrumOf(residuals(rows)), rows), error: outside.errors, fit };
}

/** Bits of the components, the first of which varies most. @throws SAMPLE_TOO_SMALL where there are too few of them */
function widthsFor({ mean, variances }: Spectrum, metric: Metric, params: SpectralParams): Uint8Array {
  const dim = mean.length;
  const bits = 8 * codeBytesOf(metric, params);
  const widest = widestOf(dim, params);
  const least = Math.ceil(bits / widest);
  if (variances.length < least)
    throw new PithError(
      "SAMPLE_TOO_SMALL",
      `expected rows that differ in ${least} directions or more to fill ${params.bytes} bytes, got ${variances.length}`,
      { expected: least, actual: variances.length },
    );
  const trellis = trellisOf(params);
  const density = (8 * params.bytes) / dim;
  return allocate(variances, { trellis, bits, widest, nibbled: isNibbled(dim, params), density }).filter(
    (width) => width > 0,
  );
}

/** The components that get bits, the last first. @throws INVALID_ARGUMENT where rows are too long or too short */
function basisOf({ mean, variances, component }: Spectrum, widths: Uint8Array, dim: number): Basis {
  const count = widths.length;
  const basis = new Int8Array(count * dim);
  for (let r = 0; r < count; r++) basis.set(wholeAxis(component(count - 1 - r)), r * dim);
  const sigma = Float32Array.from(variances.subarray(0, count).reverse(), Math.sqrt);
  if (!isInRange({ mean, sigma }))
    throw new PithError(
      "INVALID_ARGUMENT",
      `expected rows whose mean is up to 2^50 and that deviate from it by 2^-50 to 2^50`,
      { expected: [1 / MOST, MOST], actual: [sigma[0], sigma[count - 1]] },
    );
  return { mean, basis, sigma, bits: widths.slice().reverse() };
}

/** A direction in whole numbers, the largest 127. */
function wholeAxis(direction: Float64Array): Float64Array {
  const largest = direction.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return direction.map((x) => Math.round((127 * x) / largest));
}

/** The scalars of the rows, which restore their lengths. */
function tableOf(rows: Sample, metric: Metric, params: SpectralParams, basis: Basis): Float32Array {
  const { data, dim, count } = rows;
  const all = layoutOf(metric, params, { ...basis, table: ANY_TABLE });
  const scalars = new Float32Array(count);
  kernels().norms(data, dim, scalars);
  for (const { layout, start, end } of runs(all, rows, 0, count)) {
    const codes = new Uint8Array((end - start) * params.bytes);
    kernels().kltEncode(layout, data.subarray(start * dim, end * dim), codes);
    const decoded = decodedLengths(layout, codes);
    for (let i = start; i < end; i++) {
      const length = decoded[i - start];
      scalars[i] = length > 0 ? scalars[i] / length : 0;
    }
  }
  return scalarTable(scalars);
}
