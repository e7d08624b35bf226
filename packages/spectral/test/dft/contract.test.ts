import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { spectralDft } from "../../src/index.ts";

// Ways to say which bins were kept: a split map, a map, the bins themselves, all of them. The suite runs over trained
// codecs too.
const few = ["typescript", "avx512"] as const;
const others = [
  { topK: 1, magBits: 8, phaseBits: 8 },
  { topK: 5, magBits: 2, phaseBits: 4 },
];

codecContract({ test, family: spectralDft, dims: [65] });
codecContract({ test, family: spectralDft, options: others, dims: [13], backends: few });
