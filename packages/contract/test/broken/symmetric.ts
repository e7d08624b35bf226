import { type Codec, type CodecFamily, checkCodes, PithError, sliceCodes } from "@pith/codec-core";
import { grid, mutual } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec } from "./breaking.ts";

type Score = ReturnType<NonNullable<Codec["symmetricScorer"]>>["scoreInto"];

/** The symmetric scores changed; `honest` gives the right ones. */
function withScores(change: (honest: Score, metric: string, codec: Codec) => Score): CodecFamily {
  return breakCodec(mutual, (codec) => ({
    symmetricScorer(metric) {
      const scorer = codec.symmetricScorer!(metric);
      return { metric, scoreInto: change(scorer.scoreInto, metric, codec) };
    },
  }));
}

/** Each score changed by `by`. */
const each = (by: (score: number, i: number, query: Uint8Array, metric: string) => number): CodecFamily =>
  withScores((honest, metric) => (query, c, out) => {
    honest(query, c, out);
    for (let i = 0; i < out.length; i++) out[i] = by(out[i], i, query.bytes, metric);
  });

export const brokenSymmetry: readonly BrokenCodec[] = [
  {
    fault: "gives the distance of codes without its square",
    law: "symmetric.decoded",
    family: each((score, _, __, metric) => (metric === "l2" ? -Math.sqrt(-score) : score)),
  },
  {
    fault: "forgets the scale of one side by a little",
    law: "symmetric.decoded",
    family: each((score) => score * 1.001),
  },
  {
    fault: "rounds one side more than the other",
    law: "symmetric.mutual",
    family: each((score, _, query) => score * (1 + (query[0] % 8) * 1e-7)),
  },
  {
    fault: "scores a code with another by its place",
    law: "symmetric.mutual",
    family: each((score, i) => score * (1 + (i % 16) * 2e-7)),
  },
  {
    fault: "keeps the first query code that it sees",
    law: "symmetric.views",
    family: withScores((honest) => {
      let first: Parameters<Score>[0] | undefined;
      return (query, c, out) => {
        honest(query, c, out);
        first ??= { ...query, bytes: query.bytes.slice() };
        honest(first, c, out);
      };
    }),
  },
  {
    fault: "reads shared codes by their buffer",
    law: "symmetric.views",
    family: withScores((honest) => (query, c, out) => {
      const bytes = new Uint8Array(c.bytes.buffer, 0, c.bytes.length);
      honest(query, { ...c, bytes }, out);
    }),
  },
  {
    fault: "takes the first of several query codes",
    law: "symmetric.input",
    family: withScores((honest) => (query, c, out) => {
      honest(query.count > 1 ? sliceCodes(query, 0, 1) : query, c, out);
    }),
  },
  {
    fault: "scores code with code by a metric that it doesn't list",
    law: "symmetric.input",
    family: breakCodec(mutual, (codec) => ({
      symmetricScorer: (metric) =>
        codec.symmetricScorer!(codec.supports.metrics.includes(metric) ? metric : codec.metric),
    })),
  },
  {
    fault: "divides by the length of a decoded zero",
    law: "symmetric.total",
    family: each((score) => (score === 0 ? Number.NaN : score)),
  },
  {
    fault: "builds views of memory that is gone",
    law: "views.resizable",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        const data = new Float32Array(v.data.buffer, v.data.byteOffset, Math.max(0, v.count * v.dim) || 0);
        return codec.encode(data.length === v.data.length ? { ...v, data } : v);
      },
    })),
  },
  {
    fault: "takes a detached buffer of codes for no codes",
    law: "views.resizable",
    family: breakCodec(grid, (codec) => ({
      decode(c) {
        if (c.bytes.byteLength > 0 || c.stride !== codec.stride) return codec.decode(c);
        return codec.decode({ bytes: new Uint8Array(0), stride: c.stride, count: 0 });
      },
    })),
  },
  {
    fault: "takes a list of numbers for codes",
    law: "input.type",
    family: breakCodec(grid, (codec) => ({
      decode(c) {
        if (c.bytes === undefined) throw new PithError("INVALID_ARGUMENT", "no bytes");
        const bytes = Uint8Array.from(c.bytes);
        checkCodes({ ...c, bytes }, codec.stride);
        return codec.decode({ ...c, bytes });
      },
    })),
  },
];
