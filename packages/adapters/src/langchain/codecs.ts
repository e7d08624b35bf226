/** The codecs that a store knows by name, loaded when they are asked for, and what becomes of a few vectors or many. */
import {
  type Codec,
  type CodecFamily,
  CodecRegistry,
  type CodecState,
  type CommonOptions,
  canonicalJson,
  isPithError,
  type Metric,
  PithError,
  type Training,
  type Vectors,
} from "@pith/codec-core";

export const codecs: CodecRegistry = new CodecRegistry({
  int8: async (): Promise<CodecFamily> => (await import("@pith/int8")).int8,
  binary: async (): Promise<CodecFamily> => (await import("@pith/int8/binary")).binary,
  turboquant: async (): Promise<CodecFamily> => (await import("@pith/turboquant")).turboquant,
  "turboquant-spec": async (): Promise<CodecFamily> => (await import("@pith/turboquant")).turboquantSpec,
  spectral: async (): Promise<CodecFamily> => (await import("@pith/spectral")).spectral,
  "spectral-dft": async (): Promise<CodecFamily> => (await import("@pith/spectral")).spectralDft,
});

/** Options of a codec family, beyond dim and metric. */
export type CodecOptions = { readonly [option: string]: string | number | boolean };

/** How a codec comes about once the dim is known. */
export interface CodecPlan {
  readonly name: string;
  /** Rows from which on vectors are held as codes. */
  readonly from: number;
  /** From all vectors at hand, `from` or more. @throws what the family throws */
  make(sample: Vectors): Codec;
}

/** A store of fewer rows searches its float32 vectors, exactly: encoding them saves little. */
const FEW_ROWS = 256;
/** Rows for each dim that a sample should have; more than a codec's least sample, which is the least that can be learned of. */
const SAMPLE_ROWS_A_DIM = 10;
const SAMPLE_ROWS = 65_536;

/** A codec that is there: it encodes from the first row on, unless told otherwise. @throws DIM_MISMATCH */
export function planOfCodec(codec: Codec, dim: number, from: number = 0): CodecPlan {
  if (codec.dim !== dim)
    throw new PithError(
      "DIM_MISMATCH",
      `expected vectors of dim ${codec.dim}, which the codec has, got ${dim}`,
      {
        expected: codec.dim,
        actual: dim,
      },
    );
  return { name: codec.name, from, make: () => codec };
}

/** @throws UNKNOWN_CODEC, INVALID_OPTION, DIM_UNSUPPORTED, UNSUPPORTED_METRIC */
export async function planOfName(
  name: string,
  given: CodecOptions,
  {
    dim,
    metric,
    from,
  }: { readonly dim: number; readonly metric: Metric; readonly from?: number | undefined },
): Promise<CodecPlan> {
  const family = await codecs.get(name);
  const options = fitted(family, { ...given, dim, metric });
  const { sample, minSample } = trainingOf(family, options);
  const least = sample === "required" ? minSample : 0;
  const enough =
    sample === "none" ? FEW_ROWS : Math.max(minSample, Math.min(SAMPLE_ROWS_A_DIM * dim, SAMPLE_ROWS));
  return {
    name,
    from: Math.max(least, from ?? enough),
    make: (rows) =>
      family.train && sample !== "none" && rows.count >= minSample
        ? family.train(spread(rows), options)
        : family.create(options),
  };
}

/**
 * The codec of a stored state: of the family of that name, or the one that is given, which must be the same.
 * @throws UNKNOWN_CODEC, CODEC_MISMATCH, and what the family throws
 */
export async function restoredCodec(codec: string | Codec, state: CodecState): Promise<Codec> {
  return typeof codec === "string" ? (await codecs.get(codec)).restore(state) : checkSame(codec, state);
}

/** The codec, where it has this state. @throws CODEC_MISMATCH */
export function checkSame(codec: Codec, state: CodecState): Codec {
  if (sameState(codec.state(), state)) return codec;
  throw new PithError("CODEC_MISMATCH", `the store was made with another codec than this ${codec.name}`, {
    expected: state.codec,
    actual: codec.name,
  });
}

/** Whether two codecs give the same codes. */
export function sameState(a: CodecState, b: CodecState): boolean {
  const text = ({ tensors, ...rest }: CodecState): string =>
    canonicalJson({ ...rest, tensors: Object.keys(tensors).sort() });
  const same = (x: Uint8Array, y: Uint8Array): boolean =>
    x.length === y.length && x.every((byte, i) => byte === y[i]);
  return (
    text(a) === text(b) &&
    Object.entries(a.tensors).every(([name, { bytes }]) => same(bytes, b.tensors[name].bytes))
  );
}

function trainingOf(family: CodecFamily, options: CommonOptions): Training {
  if (family.training) return family.training(options);
  // A family that learns nothing checks its options when it makes a codec.
  family.create(options);
  return { sample: "none", minSample: 0 };
}

/**
 * The bytes that `spectral` takes by default are more than few dims can fill: the most that these can, unless `bytes` was given.
 */
function fitted(family: CodecFamily, options: CommonOptions & CodecOptions): CommonOptions {
  const bytes = family.options["bytes"];
  if (bytes?.type !== "integer" || "bytes" in options) return options;
  for (let fewer = bytes.default; fewer > bytes.min; fewer--)
    try {
      const fitting = { ...options, bytes: fewer };
      family.training?.(fitting);
      return fitting;
    } catch (error) {
      if (!isPithError(error, "DIM_UNSUPPORTED")) throw error;
    }
  return options;
}

/** Up to 65,536 rows, spread evenly. */
function spread(rows: Vectors): Vectors {
  const { dim } = rows;
  if (rows.count <= SAMPLE_ROWS) return rows;
  const data = new Float32Array(SAMPLE_ROWS * dim);
  for (let i = 0; i < SAMPLE_ROWS; i++) {
    const row = Math.floor((i * rows.count) / SAMPLE_ROWS);
    data.set(rows.data.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return { data, dim, count: SAMPLE_ROWS };
}
