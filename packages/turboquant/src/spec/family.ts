/**
 * The TurboQuant vector spec as a Pith codec: a code is the payload of the spec's record, without QJL. Under cosine
 * rows are normalised before, and scores divide by the decoded vector's length.
 */
import {
  type Codec,
  type CodecFamily,
  type CodecState,
  type Codes,
  type CommonOptions,
  checkCodes,
  PithError,
  rowCodecFamily,
} from "@pith/codec-core";
import { SpecCoder } from "./coder.ts";
import { QUANTIZER_OPTIONS, readSpecOptions, type SpecEncoder } from "./config.ts";

export interface TurboquantSpecOptions extends CommonOptions {
  /** 1 to 8. Default 4. */
  bits?: number;
  /** 1 to 65,535. Default 32. */
  blockSize?: number;
  /** Default "ls". */
  encoder?: SpecEncoder;
  /** 0 to 2^53 - 1. Default 42. */
  polarSeed?: number;
}

const OPTIONS = {
  ...QUANTIZER_OPTIONS,
  polarSeed: {
    type: "integer",
    default: 42,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    about: "seed of the rotation",
  },
} as const;

function coderOf(dim: number, params: { readonly [name: string]: unknown }): SpecCoder {
  const { config, encoder } = readSpecOptions({ dim, ...params });
  return new SpecCoder(config, encoder);
}

const rows: CodecFamily = rowCodecFamily({
  name: "turboquant-spec",
  version: 1,
  summary: "the TurboQuant vector spec: rotated, 1 to 8 bits a coordinate and a magnitude a block",
  options: OPTIONS,
  coder({ dim, options }) {
    const coder = coderOf(dim, options);
    const row = {
      stride: coder.sizes.payload,
      encodeRow: (vector: Float32Array, out: Uint8Array) => coder.encode(vector, out),
      decodeRow: (code: Uint8Array, out: Float32Array) => coder.decode(code, out),
    };
    return options["encoder"] === "absmax"
      ? { ...row, errorBoundRow: (code: Uint8Array) => absmaxBound(coder, code) }
      : row;
  },
});

/** The family "turboquant-spec": `turboquantSpec.create({ dim: 384, bits: 4 })`. Nothing to train. */
export const turboquantSpec: CodecFamily<TurboquantSpecOptions> = {
  ...rows,
  create: (options: TurboquantSpecOptions): Codec => verifying(rows.create(options)),
  restore: (state: CodecState): Codec => verifying(rows.restore(state)),
};

function verifying(codec: Codec): Codec {
  const coder = coderOf(codec.dim, codec.state().params);
  const { stride } = codec;
  return Object.assign(codec, {
    verifyCodes(c: Codes, firstRow: number = 0): void {
      checkCodes(c, stride);
      for (let i = 0; i < c.count; i++)
        try {
          coder.check(c.bytes.subarray(i * stride, (i + 1) * stride));
        } catch (error) {
          if (!(error instanceof PithError)) throw error;
          const row = firstRow + i;
          throw new PithError(error.code, `row ${row}: ${error.message}`, { ...error.details, row });
        }
    },
  });
}

/**
 * Every rotated coordinate is within half a step, m / L, of its own. On top: 2^-18 of the decoded length for the
 * roundings of six transforms, and what denormal magnitudes and results lose.
 */
function absmaxBound(coder: SpecCoder, code: Uint8Array): number {
  const { coordinates } = coder.sizes;
  const { exponent, energy } = coder.read(code, new Float32Array(coordinates));
  const top = 2 ** coder.config.bits - 1;
  const length = Math.sqrt(energy) * 2 ** exponent;
  return length * ((1 + 2 ** -10) / top + 2 ** -18) + Math.sqrt(coordinates) * 2 ** -148;
}
