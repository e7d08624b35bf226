import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { binary } from "../src/binary/index.ts";

codecContract({ test, family: binary, dims: [1, 8, 9, 65, 384] });
codecContract({
  test,
  family: binary,
  options: [
    { rotate: "hadamard", seed: 42 },
    { centre: true },
    { centre: true, rotate: "hadamard", seed: 2 ** 53 - 1 },
  ],
  dims: [1, 33],
});
