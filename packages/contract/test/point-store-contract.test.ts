import { describe, expect, test } from "vitest";
import { POINT_LAWS, pointStoreContract, type SearchSupports } from "../src/index.ts";
import { brokenPoints } from "./broken/points.ts";
import { collect } from "./collect.ts";
import { MapPoints, RoundedPoints } from "./reference-points.ts";

const exact: SearchSupports = { metric: "cosine", scoreError: 0, exact: true, zeroVectors: true };

for (const metric of ["cosine", "dot", "l2"] as const)
  pointStoreContract({
    test,
    name: `a map, ${metric}`,
    supports: { ...exact, metric },
    create: (dim) => new MapPoints(dim, metric),
  });

pointStoreContract({
  test,
  name: "a map of rounded rows",
  supports: { ...exact, scoreError: 1 / 64 },
  create: (dim) => new RoundedPoints(dim),
});

test("rounded rows are no exact ones", async () => {
  const create = (dim: number): RoundedPoints => new RoundedPoints(dim);
  const { failures } = await collect((t) => pointStoreContract({ test: t, supports: exact, create }));
  expect([...failures.keys()]).toContain("point.search");
});

test("every store is disposed of, and each is new", async () => {
  const made: MapPoints[] = [];
  const disposed: unknown[] = [];
  const { failures, strays } = await collect((t) =>
    pointStoreContract({
      test: t,
      dims: [3],
      supports: exact,
      create(dim) {
        made.push(new MapPoints(dim));
        return made.at(-1)!;
      },
      dispose(store) {
        disposed.push(store);
      },
    }),
  );
  expect([...failures, ...strays]).toEqual([]);
  expect(disposed).toEqual(made);
  expect(made.length).toBeGreaterThanOrEqual(Object.keys(POINT_LAWS).length);
});

describe("a store of points that", () => {
  test.each(brokenPoints)("$fault breaks $law", async ({ make, law }) => {
    const { failures, strays } = await collect(
      (t) => pointStoreContract({ test: t, supports: exact, create: make }),
      law,
    );
    expect(strays).toEqual([]);
    expect([...failures.keys()]).toEqual([law]);
    expect(failures.get(law)?.message).toMatch(
      new RegExp(`^\\[${law}\\] store, dim \\d+, seed 20260101: (?!unexpected TypeError)`),
    );
  });
});

test("every law catches some broken store of points", () => {
  const caught = new Set(brokenPoints.map(({ law }) => law));
  expect(Object.keys(POINT_LAWS).filter((law) => !caught.has(law))).toEqual([]);
});
