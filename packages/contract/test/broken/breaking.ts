/** Tools to break a codec in exactly one place. */
import type { Codec, CodecFamily, PreparedQuery, Scorer } from "@pith/codec-core";

export interface BrokenCodec {
  /** What is wrong with it. */
  readonly fault: string;
  /** The law that has to catch it. */
  readonly law: string;
  readonly family: CodecFamily;
}

/** The family with some members of each codec replaced, made or restored. */
export function breakCodec(family: CodecFamily, change: (codec: Codec) => Partial<Codec>): CodecFamily {
  const broken = (codec: Codec): Codec => ({ ...codec, ...change(codec) });
  const out: CodecFamily = {
    ...family,
    create: (options) => broken(family.create(options)),
    restore: (state) => broken(family.restore(state)),
  };
  const train = family.train?.bind(family);
  return train ? { ...out, train: (sample, options) => broken(train(sample, options)) } : out;
}

/** The family with prepared queries replaced; batches run query by query over what was replaced. */
export function breakQueries(
  family: CodecFamily,
  change: (
    prepared: PreparedQuery,
    codec: Codec,
    query: Float32Array,
    scorer: Scorer,
  ) => Partial<PreparedQuery>,
): CodecFamily {
  return breakScorer(family, (scorer, codec) => {
    const prepare = (query: Float32Array): PreparedQuery => {
      const prepared = scorer.prepare(query);
      return { ...prepared, ...change(prepared, codec, query, scorer) };
    };
    return {
      prepare,
      topKBatch(queries, c, k, allow) {
        const checked = scorer.topKBatch(queries, c, k, allow);
        const { data, dim } = queries;
        return checked.map((_, i) => prepare(data.slice(i * dim, (i + 1) * dim)).topK(c, k, allow));
      },
    };
  });
}

export function breakScorer(
  family: CodecFamily,
  change: (scorer: Scorer, codec: Codec) => Partial<Scorer>,
): CodecFamily {
  return breakCodec(family, (codec) => ({
    scorer(metric) {
      const scorer = codec.scorer(metric);
      return { ...scorer, ...change(scorer, codec) };
    },
  }));
}
