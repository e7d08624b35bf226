import { describe } from "vitest";
import { COMPRESS, refused } from "./refused.ts";

describe("arguments", () => {
  for (const k of ["0", "-1", "1.5", "ten", "", "NaN", "Infinity"])
    refused(
      `k of "${k}"`,
      ["search", "a.pith", "-q", "q.npy", "-k", k],
      "INVALID_ARGUMENT",
      /-k: expected a whole number from 1, got "/,
    );
  refused(
    "an unknown codec, with the nearest name",
    [...COMPRESS, "--codec", "in8"],
    "UNKNOWN_CODEC",
    /unknown codec "in8"; did you mean "int8"\?/,
  );
  refused(
    "an unknown codec far from all names",
    [...COMPRESS, "--codec", "zstandard"],
    "UNKNOWN_CODEC",
    /unknown codec "zstandard"; known: int8/,
  );
  refused(
    "an option that the codec doesn't have",
    [...COMPRESS, "--option", "bits=4"],
    "INVALID_OPTION",
    /unknown option "bits"; known: rotate, seed, scale, group/,
  );
  refused(
    "an option with a name that objects have",
    [...COMPRESS, "--option", "__proto__=4"],
    "INVALID_OPTION",
    /unknown option "__proto__"/,
  );
  refused(
    "an option without a value",
    [...COMPRESS, "--option", "bits"],
    "INVALID_OPTION",
    /--option: expected name=value, got "bits"/,
  );
  refused(
    "an option without a name",
    [...COMPRESS, "--option", "=4"],
    "INVALID_OPTION",
    /--option: expected name=value, got "=4"/,
  );
  refused(
    "a mistyped metric, with the nearest name",
    [...COMPRESS, "--metric", "cosin"],
    "INVALID_ARGUMENT",
    /--metric: expected cosine or dot or l2, got "cosin"; did you mean "cosine"\?/,
  );
  refused(
    "a mistyped --keep",
    [...COMPRESS, "--keep", "f8"],
    "INVALID_ARGUMENT",
    /--keep: expected none or f16 or f32 or int8, got "f8"/,
  );
  refused(
    "a mistyped --dtype",
    ["decompress", "a.pith", "-o", "out.npy", "--dtype", "f64"],
    "INVALID_ARGUMENT",
    /--dtype: expected f32 or f16, got "f64"/,
  );
  refused(
    "an unknown command, with the nearest name",
    ["comprss", "in.npy"],
    "INVALID_ARGUMENT",
    /unknown command 'comprss' \(Did you mean compress\?\); see pith --help/,
  );
  refused(
    "help on an unknown command",
    ["help", "evaluate"],
    "INVALID_ARGUMENT",
    /unknown command 'evaluate'/,
  );
  refused(
    "an unknown flag, with the nearest name",
    [...COMPRESS, "--metrc", "dot"],
    "INVALID_ARGUMENT",
    /unknown option '--metrc' \(Did you mean --metric\?\); see pith compress --help/,
  );
  refused(
    "a missing argument",
    ["eval", "in.npy"],
    "INVALID_ARGUMENT",
    /missing required argument 'compressed'; see pith eval --help/,
  );
  refused(
    "a missing -o",
    ["compress", "in.npy"],
    "INVALID_ARGUMENT",
    /required option '-o, --output <file>' not specified/,
  );
  refused("a flag without its value", ["compress", "in.npy", "-o"], "INVALID_ARGUMENT", /argument missing/);
  refused("an argument too many", ["inspect", "a.pith", "q.npy"], "INVALID_ARGUMENT", /too many arguments/);
  refused(
    "--queries together with --like",
    ["search", "a.pith", "--queries", "q.npy", "--like", "1"],
    "INVALID_ARGUMENT",
    /expected either --queries or --like/,
  );
  refused(
    "neither --queries nor --like",
    ["search", "a.pith"],
    "INVALID_ARGUMENT",
    /expected either --queries or --like/,
  );
});
