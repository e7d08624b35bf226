import { type Codec, PithError, type Vectors } from "@pith/codec-core";
import { grid, plain } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec } from "./breaking.ts";

/** Encodes after changing the rows in some way, in memory of its own. */
function encodesInstead(codec: Codec, rows: (v: Vectors) => Vectors): Partial<Codec> {
  return {
    encode: (v) => codec.encode(rows(v)),
    encodeInto(v, out) {
      codec.encodeInto(rows(v), out);
    },
  };
}

const finite = (x: number): number => (Number.isFinite(x) ? x : 0);

export const brokenEncoders: readonly BrokenCodec[] = [
  {
    fault: "ignores the last dimension of odd dims",
    law: "error.bound",
    family: breakCodec(grid, (codec) =>
      encodesInstead(codec, (v) => {
        if (v.dim % 2 === 0 || v.dim !== codec.dim || !(v.data instanceof Float32Array)) return v;
        return { ...v, data: v.data.map((x, i) => ((i + 1) % v.dim === 0 && Number.isFinite(x) ? 0 : x)) };
      }),
    ),
  },
  {
    fault: "keeps the vectors in the instance and decodes from there",
    law: "stride.complete",
    family: breakCodec(grid, (codec) => {
      const memory = new Map<string, Float32Array>();
      const keyOf = (bytes: Uint8Array): string => bytes.join();
      return {
        encode(v) {
          const c = codec.encode(v);
          memory.set(keyOf(c.bytes), v.data.slice());
          return c;
        },
        decode(c) {
          const decoded = codec.decode(c);
          return { ...decoded, data: memory.get(keyOf(c.bytes))?.slice() ?? decoded.data };
        },
      };
    }),
  },
  {
    fault: "gives views of its input as codes",
    law: "encode.unretained",
    family: breakCodec(plain, (codec) => ({
      encode(v) {
        const c = codec.encode(v);
        if (codec.metric === "cosine") return c;
        return { ...c, bytes: new Uint8Array(v.data.buffer, v.data.byteOffset, v.data.byteLength) };
      },
    })),
  },
  {
    fault: "writes all codes into one buffer of its own",
    law: "encode.unretained",
    family: breakCodec(grid, (codec) => {
      let own = new Uint8Array(0);
      return {
        encode(v) {
          const c = codec.encode(v);
          if (own.length < c.bytes.length) own = new Uint8Array(c.bytes.length);
          own.set(c.bytes);
          return { ...c, bytes: own.subarray(0, c.bytes.length) };
        },
      };
    }),
  },
  {
    fault: "scales its input in place",
    law: "encode.pure",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        const c = codec.encode(v);
        v.data.forEach((x, i) => {
          v.data[i] = x * 0.5;
        });
        return c;
      },
    })),
  },
  {
    fault: "dithers with Math.random",
    law: "encode.pure",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        const c = codec.encode(v);
        if (c.count > 0) c.bytes[0] = (c.bytes[0] + (Math.random() < 0.5 ? 1 : 2)) & 0xff;
        return c;
      },
    })),
  },
  {
    fault: "lets a row's place in the batch into its code",
    law: "encode.concat",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        const c = codec.encode(v);
        for (let i = 0; i < c.count; i++) c.bytes[i * codec.stride] ^= i & 1;
        return c;
      },
    })),
  },
  {
    fault: "encodeInto adds bits to what stands in the output",
    law: "encode.into",
    family: breakCodec(grid, (codec) => ({
      encodeInto(v, out) {
        const before = out.slice();
        codec.encodeInto(v, out);
        out.forEach((b, i) => {
          out[i] = b | before[i];
        });
      },
    })),
  },
  {
    fault: "encodeInto writes before it looks at the numbers",
    law: "input.finite",
    family: breakCodec(grid, (codec) => ({
      encodeInto(v, out) {
        if (out.length > 0) out[0] = 0;
        codec.encodeInto(v, out);
      },
    })),
  },
  {
    fault: "encodeInto takes a buffer that is too long",
    law: "into.room",
    family: breakCodec(grid, (codec) => ({
      encodeInto(v, out) {
        codec.encodeInto(v, out.subarray(0, Math.min(out.length, v.count * codec.stride)));
      },
    })),
  },
  {
    fault: "takes NaN and infinities for zeros",
    law: "input.finite",
    family: breakCodec(grid, (codec) => ({
      encode: (v) => codec.encode({ ...v, data: v.data.map(finite) }),
    })),
  },
  {
    fault: "names the row of a NaN counted from its block",
    law: "input.finite",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        try {
          return codec.encode(v);
        } catch (error) {
          if (!(error instanceof PithError) || error.code !== "NOT_FINITE") throw error;
          throw new PithError(error.code, error.message, { ...error.details, row: 0 });
        }
      },
    })),
  },
  {
    fault: "cuts rows of a larger dim",
    law: "input.dim",
    family: breakCodec(grid, (codec) =>
      encodesInstead(codec, (v) => {
        if (v.dim <= codec.dim) return v;
        const data = new Float32Array(v.count * codec.dim);
        for (let i = 0; i < v.count; i++)
          data.set(v.data.subarray(i * v.dim, i * v.dim + codec.dim), i * codec.dim);
        return { data, dim: codec.dim, count: v.count };
      }),
    ),
  },
  {
    fault: "ignores floats beyond count rows",
    law: "input.length",
    family: breakCodec(grid, (codec) => ({
      encode: (v) =>
        v.data.length > v.count * v.dim
          ? codec.encode({ ...v, data: v.data.subarray(0, v.count * v.dim) })
          : codec.encode(v),
    })),
  },
  {
    fault: "takes arrays of numbers",
    law: "input.type",
    family: breakCodec(grid, (codec) => ({
      encode: (v) => codec.encode({ ...v, data: v.data && Float32Array.from(v.data) }),
    })),
  },
  {
    fault: "appends a byte that the stride doesn't count",
    law: "stride.exact",
    family: breakCodec(grid, (codec) => ({
      encode(v) {
        const c = codec.encode(v);
        const bytes = new Uint8Array(c.bytes.length + 1);
        bytes.set(c.bytes);
        return { ...c, bytes };
      },
    })),
  },
  {
    fault: "reads vectors from the start of their buffer",
    law: "views.offset",
    family: breakCodec(grid, (codec) =>
      encodesInstead(codec, (v) =>
        v.data instanceof Float32Array && v.data.length === v.count * v.dim && v.data.every(Number.isFinite)
          ? { ...v, data: new Float32Array(v.data.buffer, 0, v.data.length).map(finite) }
          : v,
      ),
    ),
  },
  {
    fault: "refuses shared memory",
    law: "views.shared",
    family: breakCodec(grid, (codec) =>
      encodesInstead(codec, (v) => {
        if (v.data?.buffer instanceof SharedArrayBuffer) throw new TypeError("shared");
        return v;
      }),
    ),
  },
  {
    fault: "squares in float32, so that large rows overflow",
    law: "values.extremes",
    family: breakCodec(plain, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        return { ...decoded, data: decoded.data.map((x) => Math.sign(x) * Math.sqrt(Math.fround(x * x))) };
      },
    })),
  },
];
