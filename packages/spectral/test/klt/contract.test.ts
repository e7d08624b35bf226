import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { spectral } from "../../src/index.ts";

const few = ["typescript", "avx512"] as const;

codecContract({ test, family: spectral, options: { bytes: 7 }, dims: [9] });
codecContract({ test, family: spectral, options: { bytes: 7 }, dims: [33], backends: few });
codecContract({
  test,
  family: spectral,
  options: { bytes: 7, table: "separable" },
  dims: [21],
  backends: few,
});
codecContract({
  test,
  family: spectral,
  // At 80 dims components stand in nibbles, at 13 some are of more than 4 bits.
  options: { bytes: 10, quantizer: "scalar" },
  dims: [13, 80],
  backends: few,
});
