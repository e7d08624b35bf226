import { codecContract } from "@pith/contract";
import { test } from "vitest";
import { int8 } from "../src/index.ts";

codecContract({ test, family: int8 });

// The options change what is quantized, not how: two dims, across sixteens and ends of groups, will do.
codecContract({
  test,
  family: int8,
  options: [
    { rotate: "hadamard", seed: 42 },
    { scale: "ls" },
    { group: 8 },
    { group: 13, scale: "ls", rotate: "hadamard" },
  ],
  dims: [13, 33],
});
