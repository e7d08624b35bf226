import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { turboquant } from "../../src/index.ts";

// The bits share all but the grid: one dim will do for most. The suite runs over trained codecs too.
const few = ["typescript", "avx512"] as const;
const others = [{ bits: 1 }, { bits: 2 }, { bits: 3, seed: 2 ** 53 - 1 }, { bits: 8 }];

codecContract({ test, family: turboquant, dims: [1, 65] });
codecContract({ test, family: turboquant, options: others, dims: [13], backends: few });
codecContract({
  test,
  family: turboquant,
  options: [
    { bits: 1, trellis: true },
    { bits: 4, trellis: true },
  ],
  dims: [33],
  backends: few,
});
