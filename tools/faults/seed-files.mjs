/** Right files to begin from: each kind, each type of id, codecs with and without options, originals, npy. */
import {
  codecStamp,
  IdColumn,
  rowCodecFamily,
  rowsToBytes,
  serializePith,
  stateTensors,
} from "../../packages/codec-core/dist/index.js";
import { int8 } from "../../packages/int8/dist/index.js";
import { spectralDft } from "../../packages/spectral/dist/index.js";
import { modelOf } from "./file-model.mjs";
import { Random } from "./random.mjs";

/** A codec with an option, so that params are more than {}. */
const fixed = rowCodecFamily({
  name: "fixed",
  version: 2,
  summary: "bytes on a fixed grid",
  options: { step: { type: "number", default: 0.1, min: 1e-3, max: 10, about: "width of a step" } },
  coder: ({ dim, options: { step } }) => ({
    stride: dim,
    encodeRow: (row, out) =>
      new Int8Array(out.buffer).set(row.map((x) => Math.max(-127, Math.min(127, x / step)))),
    decodeRow: (code, out) => out.set(Float32Array.from(new Int8Array(code.buffer), (q) => q * step)),
  }),
});

/** What a reader is given to restore codecs with. */
export const FAMILIES = [int8, fixed, spectralDft];

const IDS = {
  none: () => undefined,
  string: (i) => `id ${i} é`,
  number: (i) => 7 * i - 3,
  bigint: (i) => BigInt(i) * 0x1_0000_0001n - 5n,
};

function contents(random, { count, dim, metric, ids, family, keep, kind }) {
  const rows = { data: random.floats(count * dim), dim, count };
  const column =
    ids === "none"
      ? undefined
      : IdColumn.from(
          Array.from({ length: count }, (_, i) => IDS[ids](i)),
          ids,
        );
  const dtype = keep ?? "F32";
  const vectors = { dtype, shape: [count, dim], bytes: rowsToBytes(rows, dtype) };
  const common = { dim, count, metric, ...(column ? { idType: column.type } : {}) };
  if (!family) return { kind: "vectors", ...common, tensors: { ...column?.tensors(), vectors } };
  const codec = make(random, family, { dim, metric });
  const codes = codec.encode(rows);
  const state = codec.state();
  return {
    kind: column ? kind : "codes",
    ...common,
    codec: codecStamp(state),
    tensors: {
      ...column?.tensors(),
      ...stateTensors(state),
      codes: { dtype: "U8", shape: [count, codes.stride], bytes: codes.bytes },
      ...(keep ? { vectors } : {}),
    },
  };
}

/** A learned codec, with what it learned in the file, as often as not. */
function make(random, family, options) {
  if (!family.train || random.onceIn(2)) return family.create(options);
  const { dim } = options;
  return family.train({ data: random.floats(100 * dim), dim, count: 100 }, options);
}

/** Models of right files, the same for the same seed. */
export function seedModels(seed) {
  const random = new Random(seed);
  const models = [];
  for (const count of [0, 1, 4, 33])
    for (const dim of [1, 3, 16])
      for (const metric of ["cosine", "dot", "l2"])
        for (const ids of Object.keys(IDS)) {
          const others = dim < 4 ? [] : [spectralDft, spectralDft];
          const family = random.pick([undefined, int8, int8, fixed, ...others]);
          const keep = random.pick([undefined, undefined, "F16", "F32"]);
          const kind = random.pick(["codes", "codes", "index"]);
          models.push(
            modelOf(serializePith(contents(random, { count, dim, metric, ids, family, keep, kind }))),
          );
        }
  return models;
}

/** Parts of a .npy header that a mutation may change. */
export function seedNpy(random) {
  const [count, dim] = [random.below(6), 1 + random.below(9)];
  const half = random.onceIn(2);
  return {
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    version: [random.pick([1, 1, 2, 3]), 0],
    members: [
      ["'descr'", half ? "'<f2'" : "'<f4'"],
      ["'fortran_order'", "False"],
      ["'shape'", `(${count}, ${dim})`],
    ],
    end: ", }",
    data: new Uint8Array(count * dim * (half ? 2 : 4)).map(() => random.below(256)),
  };
}

export function buildNpy({ magic, version, members, end, data, length }) {
  const dict = `{${members.map(([key, value]) => `${key}: ${value}`).join(", ")}${end}`;
  const prefix = version[0] === 1 ? 10 : 12;
  const padded = `${dict.padEnd(Math.max(0, 64 * Math.ceil((dict.length + prefix + 1) / 64) - prefix - 1))}\n`;
  const body = Buffer.from(padded, "latin1");
  const out = new Uint8Array(prefix + body.length + data.length);
  out.set([...magic, ...version]);
  const view = new DataView(out.buffer);
  const stated = length ?? body.length;
  if (prefix === 10) view.setUint16(8, stated, true);
  else view.setUint32(8, stated, true);
  out.set(body, prefix);
  out.set(data, prefix + body.length);
  return out;
}
