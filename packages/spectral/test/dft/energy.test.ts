import { vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { spectralEnergyRetention } from "../../src/index.ts";

test("a cosine is one coefficient; two of them in equal parts share the energy", () => {
  const dim = 24;
  const wave = (f: number): number[] =>
    Array.from({ length: dim }, (_, j) => Math.cos((2 * Math.PI * f * j) / dim));
  const [a, b] = [wave(3), wave(5)];
  const one = spectralEnergyRetention(vectors(Float32Array.from(a), dim), [1, 2]);
  expect([...one].map((x) => x.toFixed(6))).toEqual(["1.000000", "1.000000"]);
  const two = spectralEnergyRetention(
    vectors(
      Float32Array.from(a, (x, j) => x + b[j]),
      dim,
    ),
    [1, 2, 13],
  );
  expect([...two].map((x) => x.toFixed(6))).toEqual(["0.500000", "1.000000", "1.000000"]);
});

test("zero rows are left out, and no rows have no energy", () => {
  expect([...spectralEnergyRetention(vectors(new Float32Array(8), 4), [1])]).toEqual([0]);
});

test("a K below 1 and a NaN are refused", () => {
  const rows = vectors(new Float32Array(8), 4);
  expect(() => spectralEnergyRetention(rows, [0])).toThrow(/from 1/);
  expect(() => spectralEnergyRetention(vectors(Float32Array.of(1, Number.NaN, 0, 0), 4), [1])).toThrow(
    /row 0, column 1/,
  );
});
