import { serializePith, vectorsFromRows } from "@pith/codec-core";
import { describe } from "vitest";
import { int8Contents, npy, pithVectors, rawNpy, safetensors, tiny } from "./inputs.ts";
import { COMPRESS, good, refused } from "./refused.ts";

const floats = (n: number): Uint8Array => new Uint8Array(4 * n);
const contents = int8Contents(tiny);
const cut = (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1);

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at < 0 ? copy.length + at : at] ^= 4;
  return copy;
}

describe("files", () => {
  refused("an empty file", COMPRESS, "EMPTY_INPUT", /"in\.npy": the file is empty/, { "in.npy": "" });
  refused("an empty file to search", ["search", "a.pith", "-q", "q.npy"], "EMPTY_INPUT", /"a\.pith"/, {
    "a.pith": "",
  });
  refused("zero rows", COMPRESS, "EMPTY_INPUT", /"in\.npy": expected vectors, got no rows/, {
    "in.npy": rawNpy("<f4", false, "(0, 3)", floats(0)),
  });
  refused("zero rows of a Pith file", COMPRESS, "EMPTY_INPUT", /"in\.npy": expected vectors, got no rows/, {
    "in.npy": pithVectors({ data: new Float32Array(0), dim: 3, count: 0 }),
  });
  refused(
    "zero queries",
    ["search", "a.pith", "-q", "q.npy"],
    "EMPTY_INPUT",
    /"q\.npy": expected queries, got no rows/,
    {
      "q.npy": rawNpy("<f4", false, "(0, 3)", floats(0)),
    },
  );
  refused(
    "zero originals",
    ["eval", "in.npy", "a.pith"],
    "EMPTY_INPUT",
    /"in\.npy": expected vectors, got no rows/,
    {
      "in.npy": rawNpy("<f4", false, "(0, 3)", floats(0)),
      "a.pith": serializePith(int8Contents({ data: new Float32Array(0), dim: 3, count: 0 })),
    },
  );
  refused("a cut .npy", COMPRESS, "CORRUPT_FILE", /"in\.npy": 4 x 3 <f4 make a file of 176 bytes, got 175/, {
    "in.npy": cut(good["in.npy"]),
  });
  refused("a .npy with trailing bytes", COMPRESS, "CORRUPT_FILE", /"in\.npy": .*176 bytes, got 177/, {
    "in.npy": Buffer.concat([good["in.npy"], Uint8Array.of(0)]),
  });
  for (const [command, args] of [
    ["search", ["search", "a.pith", "--like", "1"]],
    ["eval", ["eval", "in.npy", "a.pith"]],
    ["decompress", ["decompress", "a.pith", "-o", "out.npy"]],
    ["inspect", ["inspect", "a.pith"]],
    ["verify", ["verify", "a.pith"]],
    ["compress", ["compress", "a.pith", "-o", "out.pith"]],
  ] as const) {
    refused(`a cut file: ${command}`, args, "CORRUPT_FILE", /"a\.pith"/, { "a.pith": cut(good["a.pith"]) });
    refused(`a file with a flipped header: ${command}`, args, "CHECKSUM_MISMATCH", /"a\.pith": the header/, {
      "a.pith": flipped(good["a.pith"], Buffer.from(good["a.pith"]).indexOf('"dim":"3"') + 7),
    });
    refused(
      `a file of a newer version: ${command}`,
      args,
      "VERSION_UNSUPPORTED",
      /"a\.pith": the file is newer than this reader/,
      {
        "a.pith": Buffer.from(
          Buffer.from(good["a.pith"]).toString("latin1").replace('"pith":"1"', '"pith":"2"'),
          "latin1",
        ),
      },
    );
    if (command !== "inspect")
      refused(
        `a file with a flipped byte: ${command}`,
        args,
        "CHECKSUM_MISMATCH",
        /"a\.pith": tensor "codes"/,
        {
          "a.pith": flipped(good["a.pith"], -1),
        },
      );
    if (command !== "inspect" && command !== "compress") {
      refused(`another codec's file: ${command}`, args, "UNKNOWN_CODEC", /"a\.pith": unknown codec "sign"/, {
        "a.pith": serializePith({ ...contents, codec: { name: "sign", version: 1, params: {} } }),
      });
      refused(
        `a file of a newer codec: ${command}`,
        args,
        "VERSION_UNSUPPORTED",
        /"a\.pith": int8 codes of version 2 are newer/,
        {
          "a.pith": serializePith({ ...contents, codec: { name: "int8", version: 2, params: {} } }),
        },
      );
    }
    if (command !== "verify" && command !== "inspect" && command !== "compress")
      refused(
        `a file of vectors where codes are wanted: ${command}`,
        args,
        "UNSUPPORTED_FORMAT",
        /"a\.pith": expected compressed vectors, got a file of vectors/,
        {
          "a.pith": pithVectors(tiny),
        },
      );
  }
  refused(
    "a flipped byte in a Pith file of vectors",
    COMPRESS,
    "CHECKSUM_MISMATCH",
    /"in\.npy": tensor "vectors"/,
    {
      "in.npy": flipped(pithVectors(tiny), -1),
    },
  );
  refused(
    "codes where vectors are wanted",
    ["compress", "a.pith", "-o", "out.pith"],
    "UNSUPPORTED_FORMAT",
    /"a\.pith": .*no vectors/,
  );
  refused(
    "another number of originals",
    ["eval", "in.npy", "a.pith"],
    "LENGTH_MISMATCH",
    /"in\.npy": expected originals of count 4, as in the compressed file, got 3/,
    {
      "in.npy": npy(
        vectorsFromRows([
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ]),
      ),
    },
  );
  refused(
    "a .npy of float64",
    COMPRESS,
    "UNSUPPORTED_FORMAT",
    /"in\.npy": expected a \.npy of dtype <f4 or <f2, got "<f8"/,
    {
      "in.npy": rawNpy("<f8", false, "(4, 3)", floats(24)),
    },
  );
  refused(
    "a .npy in Fortran order",
    COMPRESS,
    "UNSUPPORTED_FORMAT",
    /"in\.npy": expected a \.npy in C order, got Fortran order/,
    {
      "in.npy": rawNpy("<f4", true, "(4, 3)", floats(12)),
    },
  );
  refused(
    "a .npy that is no matrix",
    COMPRESS,
    "UNSUPPORTED_FORMAT",
    /expected a matrix \(rows, dim\), got shape \(12\)/,
    {
      "in.npy": rawNpy("<f4", false, "(12,)", floats(12)),
    },
  );
  refused(
    "safetensors with two matrices",
    COMPRESS,
    "INVALID_ARGUMENT",
    /several matrices of floats; name one of "a", "b"/,
    {
      "in.npy": safetensors({ a: tiny, b: tiny }),
    },
  );
  refused(
    "a plain safetensors file where a Pith file is wanted",
    ["search", "a.pith", "--like", "1"],
    "UNSUPPORTED_FORMAT",
    /without the Pith profile/,
    {
      "a.pith": safetensors({ v: tiny }),
    },
  );
  refused(
    "text",
    COMPRESS,
    "UNSUPPORTED_FORMAT",
    /"in\.npy": neither \.npy, safetensors, \.fvecs nor JSONL; CSV is known by its name/,
    {
      "in.npy": "name,x,y\na,1,2\n",
    },
  );
});

describe("paths", () => {
  refused(
    "an input that isn't there",
    ["compress", "nothing.npy", "-o", "out.pith"],
    "FILE_NOT_FOUND",
    /can't read "nothing\.npy": there is no such file/,
  );
  refused(
    "an input that is a folder",
    ["compress", "folder", "-o", "out.pith"],
    "NOT_A_FILE",
    /"folder": it is a folder/,
  );
  refused(
    "a file to search that is a folder",
    ["search", "folder", "--like", "1"],
    "NOT_A_FILE",
    /"folder": it is a folder/,
  );
  refused(
    "a target that is a folder",
    ["compress", "in.npy", "-o", "folder"],
    "NOT_A_FILE",
    /folder": it is a folder/,
  );
  refused(
    "a target that is the input",
    ["compress", "in.npy", "-o", "folder/../in.npy"],
    "INVALID_ARGUMENT",
    /in\.npy": expected another file than the input to write/,
  );
  refused(
    "a target of decompress that is the input",
    ["decompress", "a.pith", "-o", "a.pith"],
    "INVALID_ARGUMENT",
    /"a\.pith": expected another file than the input to write/,
  );
  refused(
    "a target of decompress that is a folder",
    ["decompress", "a.pith", "-o", "folder"],
    "NOT_A_FILE",
    /folder": it is a folder/,
  );
  refused(
    "ids that are a folder",
    [...COMPRESS, "--ids", "folder"],
    "NOT_A_FILE",
    /"folder": it is a folder/,
  );
  refused(
    "a device",
    ["compress", "/dev/null", "-o", "out.pith"],
    "NOT_A_FILE",
    /"\/dev\/null": it is no regular file/,
  );
});
