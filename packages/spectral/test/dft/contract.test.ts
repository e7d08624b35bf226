import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { spectralDft } from "../../src/index.ts";

// Ways to say which bins were kept: the bins themselves, split maps. Dims that are products of 2 and 3, and a prime. The suite runs over trained
// codecs too.
const few = ["typescript", "avx512"] as const;
const others = [
  { topK: 1, magBits: 8, phaseBits: 8 },
  { topK: 5, magBits: 2, phaseBits: 4 },
];

codecContract({ test, family: spectralDft, dims: [36] });
codecContract({ test, family: spectralDft, options: others, dims: [13], backends: few });
