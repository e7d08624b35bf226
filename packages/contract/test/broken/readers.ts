import type { Codes } from "@pith/codec-core";
import { grid, plain } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec } from "./breaking.ts";

export const brokenReaders: readonly BrokenCodec[] = [
  {
    fault: "decodes in place, over the codes",
    law: "decode.pure",
    family: breakCodec(grid, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        if (c.bytes.length > 0) c.bytes[0] ^= 1;
        return decoded;
      },
    })),
  },
  {
    fault: "remembers what an array of codes decoded to",
    law: "decode.pure",
    family: breakCodec(grid, (codec) => {
      const known = new WeakMap<Uint8Array, Float32Array>();
      return {
        decode(c) {
          const decoded = codec.decode(c);
          const data = known.get(c.bytes) ?? decoded.data.slice();
          known.set(c.bytes, data);
          return { ...decoded, data: data.slice() };
        },
      };
    }),
  },
  {
    fault: "decodeInto leaves the last float of a row as it was",
    law: "decode.into",
    family: breakCodec(grid, (codec) => ({
      decodeInto(c, out) {
        const last = out.at(-1);
        codec.decodeInto(c, out);
        if (last !== undefined) out[out.length - 1] = last;
      },
    })),
  },
  {
    fault: "reads floats at the start of the codes' buffer",
    law: "views.offset",
    family: breakCodec(plain, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        return { ...decoded, data: new Float32Array(c.bytes.buffer.slice(0, c.bytes.length)) };
      },
    })),
  },
  {
    fault: "throws a RangeError for unaligned codes",
    law: "views.offset",
    family: breakCodec(plain, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        new Float32Array(c.bytes.buffer, c.bytes.byteOffset, decoded.data.length);
        return decoded;
      },
    })),
  },
  {
    fault: "states half of its error",
    law: "error.bound",
    family: breakCodec(grid, (codec) => ({
      errorBound: (c) => codec.errorBound!(c).map((bound) => bound / 4),
    })),
  },
  {
    fault: "doesn't look at the stride of codes",
    law: "input.codes",
    family: breakCodec(grid, (codec) => ({
      decode: (c) => codec.decode({ ...c, stride: codec.stride }),
    })),
  },
  {
    fault: "ignores codes that are cut",
    law: "input.length",
    family: breakCodec(grid, (codec) => {
      const whole = (c: Codes): Codes => {
        const count = Math.floor(c.bytes.length / codec.stride);
        return c.stride === codec.stride
          ? { ...c, bytes: c.bytes.subarray(0, count * codec.stride), count }
          : c;
      };
      return { decode: (c) => codec.decode(whole(c)) };
    }),
  },
  {
    fault: "decodes a row by the scale of the row before it",
    law: "decode.slices",
    family: breakCodec(grid, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        if (c.count > 1) decoded.data[codec.dim] = decoded.data[0];
        return decoded;
      },
    })),
  },
  {
    fault: "verifies with a rule that its encoder breaks",
    law: "codes.verify",
    family: breakCodec(grid, (codec) => ({
      verifyCodes(c) {
        codec.verifyCodes!(c);
        const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.length);
        for (let row = 0; row < c.count; row++)
          if (view.getFloat32(row * c.stride + codec.dim, true) === 0) throw new TypeError("a step of 0");
      },
    })),
  },
  {
    fault: "crashes on bytes that no encoder wrote",
    law: "codes.garbage",
    family: breakCodec(grid, (codec) => ({
      decode(c) {
        const decoded = codec.decode(c);
        if (decoded.data.some(Number.isNaN)) (undefined as unknown as number[]).pop();
        return decoded;
      },
    })),
  },
];
