import {
  type Codec,
  type CodecFamily,
  type CodecSupports,
  isPithError,
  PithError,
  type Vectors,
} from "@pith/codec-core";
import { grid, ranges, spans } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec } from "./breaking.ts";

function claims(family: CodecFamily, change: Partial<CodecSupports>): CodecFamily {
  return breakCodec(family, (codec) => ({ supports: { ...codec.supports, ...change } }));
}

const extended = (v: Vectors, count: number): Vectors => {
  const data = new Float32Array(count * v.dim);
  for (let i = 0; i < count; i++) data.set(v.data.subarray(0, v.dim), i * v.dim);
  data.set(v.data);
  return { data, dim: v.dim, count };
};

let instances = 0;

export const brokenManifests: readonly BrokenCodec[] = [
  {
    fault: "says nothing about determinism",
    law: "manifest.shape",
    family: claims(grid, { deterministic: undefined as unknown as "bitwise" }),
  },
  {
    fault: "scores in some way of its own",
    law: "manifest.shape",
    family: claims(grid, { scoring: "roughly" as "exact" }),
  },
  {
    fault: "lists metrics that it doesn't serve",
    law: "manifest.metrics",
    family: claims(grid, { metrics: ["cosine", "dot", "l2"] }),
  },
  {
    fault: "serves metrics that it doesn't list",
    law: "manifest.metrics",
    family: breakCodec(grid, (codec) => ({
      scorer: (metric) => codec.scorer(codec.supports.metrics.includes(metric) ? metric : codec.metric),
    })),
  },
  {
    fault: "says that it doesn't decode, and does",
    law: "manifest.decode",
    family: claims(grid, { decode: "none" }),
  },
  {
    fault: "says that it decodes exactly",
    law: "manifest.decode",
    family: claims(grid, { decode: "exact" }),
  },
  {
    fault: "says that it scores code against code",
    law: "manifest.symmetric",
    family: claims(grid, { symmetric: true }),
  },
  { fault: "asks for dims that it serves", law: "manifest.dims", family: claims(grid, { minDim: 3 }) },
  {
    fault: "takes dim 0 for 1",
    law: "manifest.dims",
    family: {
      ...grid,
      create: (options) => grid.create({ ...options, dim: options.dim === 0 ? 1 : options.dim }),
    },
  },
  {
    fault: "serves no more than 4,096 dims",
    law: "manifest.dims",
    family: {
      ...grid,
      create(options) {
        if (options.dim > 4096) throw new PithError("DIM_UNSUPPORTED", "expected a dim up to 4,096");
        return grid.create(options);
      },
    },
  },
  {
    fault: "learns from fewer rows than it asks for",
    law: "manifest.trained",
    family: {
      ...ranges,
      train: (sample, options) =>
        ranges.train!(sample.count > 0 ? extended(sample, Math.max(300, sample.count)) : sample, options),
    },
  },
  {
    fault: "says that it was trained, and wasn't",
    law: "manifest.trained",
    family: claims(grid, { trained: true, minSample: 10 }),
  },
  {
    fault: "trains, and doesn't say when that is of use",
    law: "manifest.training",
    family: { ...ranges, training: undefined } as unknown as CodecFamily,
  },
  {
    fault: "says that its sample is a choice, and can't do without",
    law: "manifest.training",
    family: { ...ranges, training: () => ({ sample: "optional", minSample: 300 }) },
  },
  {
    fault: "says that a sample is of no use, and learns from one",
    law: "manifest.training",
    family: { ...spans, training: () => ({ sample: "none", minSample: 0 }) },
  },
  {
    fault: "asks for more rows than it says",
    law: "manifest.training",
    family: { ...ranges, training: () => ({ sample: "required", minSample: 10 }) },
  },
  {
    fault: "says that it needs a sample whatever it is asked",
    law: "manifest.training",
    family: { ...ranges, training: () => ({ sample: "required", minSample: 300 }) },
  },
  {
    fault: "seeds itself by the clock",
    law: "manifest.deterministic",
    family: {
      ...grid,
      create(options) {
        const codec = grid.create(options);
        const flip = instances++ & 1;
        const encode: Codec["encode"] = (v) => {
          const c = codec.encode(v);
          return { ...c, bytes: c.bytes.map((b, i) => (i % codec.stride === 0 ? b ^ flip : b)) };
        };
        return { ...codec, encode };
      },
    },
  },
  {
    fault: "leaves unknown options unread",
    law: "input.options",
    family: {
      ...grid,
      create(options) {
        const { dim, metric } = options;
        const { levels } = options as { levels?: number };
        return grid.create({ dim, metric, ...(levels === undefined ? {} : { levels }) } as typeof options);
      },
    },
  },
  {
    fault: "takes an option outside of its range for the default",
    law: "input.options",
    family: {
      ...grid,
      create(options) {
        try {
          return grid.create(options);
        } catch (error) {
          if (isPithError(error, "INVALID_OPTION") && "levels" in options)
            return grid.create({ ...options, levels: 127 } as typeof options);
          throw error;
        }
      },
    },
  },
];
