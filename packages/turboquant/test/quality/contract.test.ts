import type { CodecFamily } from "@pith/codec-core";
import { PithError } from "@pith/codec-core";
import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { turboquant } from "../../src/index.ts";

/** The family as one whose codecs are all trained: the suite makes them from a sample. */
const trained: CodecFamily = {
  ...turboquant,
  create(): never {
    throw new PithError("NOT_SUPPORTED", "made by train");
  },
};

// The bits share all but the grid, and what a sample gives changes little else: one dim will do for most.
const few = ["typescript", "avx512"] as const;
const others = [{ bits: 1 }, { bits: 2 }, { bits: 3, seed: 2 ** 53 - 1 }, { bits: 8 }];

codecContract({ test, family: turboquant, dims: [1, 65] });
codecContract({ test, family: turboquant, options: others, dims: [13], backends: few });
codecContract({ test, family: trained, options: [{}, { bits: 1 }, { bits: 8 }], dims: [17], backends: few });
