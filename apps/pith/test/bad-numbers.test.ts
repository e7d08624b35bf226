import { serializePith, type Vectors } from "@pith/codec-core";
import { describe } from "vitest";
import { int8Contents, npy, randomVectors, rawNpy, safetensors, tiny } from "./inputs.ts";
import { COMPRESS, refused } from "./refused.ts";

const wide = npy(randomVectors(4, 5, 1));
const floats = (n: number): Uint8Array => new Uint8Array(4 * n);

function withNumber(v: Vectors, row: number, column: number, value: number): Vectors {
  const data = Float32Array.from(v.data);
  data[row * v.dim + column] = value;
  return { ...v, data };
}

describe("dims", () => {
  refused(
    "queries of another dim",
    ["search", "a.pith", "-q", "q.npy"],
    "DIM_MISMATCH",
    /"q\.npy": expected queries of dim 3, got 5/,
    {
      "q.npy": wide,
    },
  );
  refused(
    "queries of another dim, in eval",
    ["eval", "in.npy", "a.pith", "-q", "q.npy"],
    "DIM_MISMATCH",
    /"q\.npy": expected queries of dim 3, got 5/,
    {
      "q.npy": wide,
    },
  );
  refused(
    "originals of another dim",
    ["eval", "in.npy", "a.pith"],
    "DIM_MISMATCH",
    /"in\.npy": expected originals of dim 3, as in the compressed file, got 5/,
    {
      "in.npy": wide,
    },
  );
  refused(
    "65,537 dims",
    COMPRESS,
    "DIM_UNSUPPORTED",
    /"in\.npy": expected a dim from 1 to 65536, got 65537/,
    {
      "in.npy": rawNpy("<f4", false, "(1, 65537)", floats(65_537)),
    },
  );
  refused("65,537 dims in safetensors", COMPRESS, "DIM_UNSUPPORTED", /from 1 to 65536, got 65537/, {
    "in.npy": safetensors({ v: { data: new Float32Array(65_537), dim: 65_537, count: 1 } }),
  });
  refused("0 dims", COMPRESS, "DIM_UNSUPPORTED", /from 1 to 65536, got 0/, {
    "in.npy": rawNpy("<f4", false, "(4, 0)", floats(0)),
  });
});

describe("numbers", () => {
  refused("NaN, with row and column", COMPRESS, "NOT_FINITE", /"in\.npy": .*got NaN in row 2, column 1/, {
    "in.npy": npy(withNumber(tiny, 2, 1, Number.NaN)),
  });
  refused(
    "Infinity, with row and column",
    COMPRESS,
    "NOT_FINITE",
    /"in\.npy": .*got Infinity in row 3, column 0/,
    {
      "in.npy": npy(withNumber(tiny, 3, 0, Infinity)),
    },
  );
  refused("-Infinity of float16", COMPRESS, "NOT_FINITE", /got -Infinity in row 0, column 1/, {
    "in.npy": rawNpy("<f2", false, "(2, 3)", Uint8Array.of(0, 0, 0, 0xfc, 0, 0, 0, 0, 0, 0, 0, 0)),
  });
  refused(
    "NaN in a later block: the row counts over the whole file",
    COMPRESS,
    "NOT_FINITE",
    /got NaN in row 19999, column 2/,
    {
      "in.npy": npy(withNumber(randomVectors(20_000, 3, 1), 19_999, 2, Number.NaN)),
    },
  );
  refused(
    "NaN in queries",
    ["search", "a.pith", "-q", "q.npy"],
    "NOT_FINITE",
    /"q\.npy": .*NaN in row 1, column 0/,
    {
      "q.npy": npy(withNumber(tiny, 1, 0, Number.NaN)),
    },
  );
  refused(
    "NaN in originals",
    ["eval", "in.npy", "a.pith", "-q", "q.npy"],
    "NOT_FINITE",
    /"in\.npy": .*NaN in row 1, column 0/,
    {
      "in.npy": npy(withNumber(tiny, 1, 0, Number.NaN)),
    },
  );
  refused(
    "NaN in originals of which rows are held out",
    ["eval", "in.npy", "a.pith"],
    "NOT_FINITE",
    /"in\.npy": .*NaN in row 2, column 0/,
    {
      "in.npy": npy(withNumber(tiny, 2, 0, Number.NaN)),
    },
  );
  refused(
    "numbers that float16 can't keep, in a later block",
    [...COMPRESS, "--keep", "f16"],
    "INVALID_ARGUMENT",
    /"in\.npy": float16 holds up to 65504, got 70000 in row 9000, column 1/,
    {
      "in.npy": npy(withNumber(randomVectors(9001, 2, 1), 9000, 1, 70_000)),
    },
  );
  refused(
    "numbers that float16 can't hold, decompressed",
    ["decompress", "a.pith", "-o", "out.npy", "--dtype", "f16"],
    "INVALID_ARGUMENT",
    /float16 holds up to 65504, got 7\d{4}.* in row 9000, column 1/,
    {
      "a.pith": serializePith(int8Contents(withNumber(randomVectors(9001, 2, 1), 9000, 1, 70_000))),
    },
  );
});
