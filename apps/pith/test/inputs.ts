/** Small inputs: seeded vectors, and files of them made by hand or by the format's own writers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  codecStamp,
  type Id,
  IdColumn,
  type Metric,
  type PithContents,
  rowsToBytes,
  SplitMix64,
  type StateTensor,
  serializePith,
  type Vectors,
  vectors,
  vectorsFromRows,
} from "@pith/codec-core";
import { int8 } from "@pith/int8";

export function randomVectors(count: number, dim: number, seed: number): Vectors {
  const random = new SplitMix64(seed);
  return vectors(
    Float32Array.from({ length: count * dim }, () => random.gaussian()),
    dim,
  );
}

export function row(v: Vectors, i: number): Float32Array {
  return v.data.subarray(i * v.dim, (i + 1) * v.dim);
}

/** A .npy file with this header and body, whatever they say. */
export function rawNpy(descr: string, order: boolean, shape: string, body: Uint8Array): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${order ? "True" : "False"}, 'shape': ${shape}, }`;
  const text = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, text.length & 255, text.length >> 8]);
  return Buffer.concat([head, Buffer.from(text, "latin1"), body]);
}

export function npy(v: Vectors, dtype: "F32" | "F16" = "F32"): Uint8Array {
  return rawNpy(dtype === "F32" ? "<f4" : "<f2", false, `(${v.count}, ${v.dim})`, rowsToBytes(v, dtype));
}

/** The floats of a .npy of float32. */
export function readNpy(bytes: Uint8Array): Vectors {
  const start = 10 + bytes[8] + 256 * bytes[9];
  const [, count, dim] =
    /\((\d+), (\d+)\)/.exec(Buffer.from(bytes.subarray(0, start)).toString("latin1")) ?? [];
  const data = new Float32Array(Uint8Array.from(bytes.subarray(start)).buffer);
  expectShape(data.length, Number(count) * Number(dim));
  return vectors(data, Number(dim));
}

/** A plain safetensors file of matrices. */
export function safetensors(
  matrices: { readonly [name: string]: Vectors },
  dtype: "F32" | "F16" = "F32",
): Uint8Array {
  let end = 0;
  const header: { [name: string]: unknown } = {};
  const bodies = Object.entries(matrices).map(([name, v]) => {
    const body = rowsToBytes(v, dtype);
    header[name] = { dtype, shape: [v.count, v.dim], data_offsets: [end, (end += body.length)] };
    return body;
  });
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...bodies]);
}

/** A Pith file of vectors, with ids if given. */
export function pithVectors(v: Vectors, ids?: readonly Id[], dtype: "F32" | "F16" = "F32"): Uint8Array {
  const column = ids && IdColumn.from(ids);
  return serializePith({
    kind: "vectors",
    dim: v.dim,
    count: v.count,
    ...(column ? { idType: column.type } : {}),
    tensors: {
      ...column?.tensors(),
      vectors: { dtype, shape: [v.count, v.dim], bytes: rowsToBytes(v, dtype) },
    },
  });
}

/** What a Pith file of int8 codes holds, to be changed before `serializePith` makes its checksums. */
export function int8Contents(
  v: Vectors,
  { metric = "dot" as Metric, ids = undefined as readonly Id[] | undefined, originals = false } = {},
): PithContents {
  const codec = int8.create({ dim: v.dim, metric });
  const codes = codec.encode(v);
  const column = ids && IdColumn.from(ids);
  return {
    kind: "codes",
    dim: v.dim,
    count: v.count,
    metric,
    codec: codecStamp(codec.state()),
    ...(column ? { idType: column.type } : {}),
    tensors: {
      ...column?.tensors(),
      codes: { dtype: "U8", shape: [codes.count, codes.stride], bytes: codes.bytes },
      ...(originals
        ? { vectors: { dtype: "F32", shape: [v.count, v.dim], bytes: rowsToBytes(v, "F32").slice() } }
        : {}),
    },
  };
}

/** The same contents with a tensor's bytes changed in place on a copy. */
export function changed(
  contents: PithContents,
  tensor: string,
  change: (bytes: Uint8Array, view: DataView) => void,
): PithContents {
  const old: StateTensor = contents.tensors[tensor];
  const bytes = Uint8Array.from(old.bytes);
  change(bytes, new DataView(bytes.buffer));
  return { ...contents, tensors: { ...contents.tensors, [tensor]: { ...old, bytes } } };
}

/** Writes files into a folder. */
export function put(folder: string, files: { readonly [name: string]: Uint8Array | string }): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

export const tiny: Vectors = vectorsFromRows([
  [1, 2, 2],
  [0, -3, 4],
  [2, 1, -2],
  [6, 0, 8],
]);

function expectShape(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`expected ${expected} floats, got ${actual}`);
}
