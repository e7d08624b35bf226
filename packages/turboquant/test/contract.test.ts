import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { turboquantSpec } from "../src/index.ts";

// Its code is the same on every backend; only what scores decoded rows differs.
codecContract({ test, family: turboquantSpec, dims: [1, 3, 33] });
codecContract({
  test,
  family: turboquantSpec,
  options: [
    { bits: 2, blockSize: 48 },
    { encoder: "absmax" },
    { encoder: "absmax", bits: 1, blockSize: 7 },
    { bits: 7, blockSize: 65_535, polarSeed: 7 },
  ],
  dims: [1, 2, 65],
  backends: ["portable"],
});
