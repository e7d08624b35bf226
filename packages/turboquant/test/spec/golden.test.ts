/** The records that are kept for ever, and a second implementation in numpy that makes the same bytes. */
import { readFileSync } from "node:fs";
import { SplitMix64 } from "@pith/codec-core";
import { expect, test } from "vitest";
import { floats, hex, jsonLines, numpyTwin } from "../../../../tools/python/numpy-twin.ts";
import { createSpecCodec, type SpecCodec, type SpecEncoder } from "../../src/index.ts";

interface Case {
  readonly dim: number;
  readonly bits: number;
  readonly blockSize: number;
  readonly useQjl: boolean;
  readonly polarSeed: string;
  readonly qjlSeed: string;
  readonly encoder: SpecEncoder;
  /** Little-endian float32 in hex. */
  readonly vector: string;
}
type Answer = Case & { readonly name?: string; readonly record: string; readonly decoded: string };

const GOLDEN = readFileSync(new URL("../golden/records.jsonl", import.meta.url), "utf8");
const golden = jsonLines<Answer>(GOLDEN);
const numpy = numpyTwin("turboquant/spec.py", "records");

function codecOf({ dim, bits, blockSize, useQjl, polarSeed, qjlSeed, encoder }: Case): SpecCodec {
  const seeds = { polarSeed: BigInt(polarSeed), qjlSeed: BigInt(qjlSeed) };
  return createSpecCodec({ dim, bits, blockSize, useQjl, encoder, ...seeds });
}

function check(answer: Answer): void {
  const codec = codecOf(answer);
  expect(hex(codec.serialize(codec.compress(floats(answer.vector))))).toBe(answer.record);
  const record = Uint8Array.from(Buffer.from(answer.record, "hex"));
  expect(hex(codec.dequantize(record))).toBe(answer.decoded);
  expect(hex(codec.serialize(codec.deserialize(record)))).toBe(answer.record);
}

test("there are golden records for every number of bits, both encoders, QJL and the edges of float32", () => {
  const names = golden.map(({ name }) => name ?? "");
  expect(new Set(names).size).toBe(58);
  for (const encoder of ["absmax", "ls"]) {
    for (let bits = 1; bits <= 8; bits++) expect(names).toContain(`${bits} bits ${encoder}`);
    for (const edge of ["zero", "times 2^-149", "times 2^120"]) expect(names).toContain(`${edge} ${encoder}`);
  }
});

test.each(golden)("golden record: $name", check);

test("numpy makes the golden records again, byte for byte", ({ skip }) => {
  if (!numpy.isThere()) skip();
  expect(numpy.run("golden")).toBe(GOLDEN);
});

test("numpy and TypeScript agree on random configs and vectors, byte for byte (seed 20261)", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const random = new SplitMix64(20261);
  const pick = <T>(...values: readonly T[]): T => values[random.below(values.length)];
  const shape = (): number => random.gaussian();
  const kinds: readonly ((dim: number) => Float32Array)[] = [
    (dim) => Float32Array.from({ length: dim }, shape),
    (dim) => Float32Array.from({ length: dim }, () => shape() * 2 ** (random.below(240) - 140)),
    (dim) => Float32Array.from({ length: dim }, () => (random.below(8) === 0 ? shape() : 0)),
    (dim) => Float32Array.from({ length: dim }, () => random.below(3) - 1),
    (dim) => Float32Array.from({ length: dim }, () => shape() * 1e-43),
    (dim) => Float32Array.from({ length: dim }, () => shape() * 1e37),
    (dim) => new Float32Array(dim).fill(shape()),
    (dim) => new Float32Array(dim),
  ];
  const cases: Case[] = Array.from({ length: 160 }, (_, i) => {
    const dim = pick(1 + random.below(9), 1 + random.below(300), pick(64, 128, 384));
    return {
      dim,
      bits: 1 + (i % 8),
      blockSize: pick(1, 2, 5, 16, 32, 33, 256, 65_535),
      useQjl: random.below(2) === 1,
      polarSeed: String(pick(42n, random.next())),
      qjlSeed: String(pick(7919n, random.next())),
      encoder: pick("absmax", "ls"),
      vector: hex(pick(...kinds)(dim)),
    };
  });
  const answers = jsonLines<Answer>(numpy.run("encode", cases.map((c) => JSON.stringify(c)).join("\n")));
  expect(answers.length).toBe(cases.length);
  answers.forEach(check);
});
