/** The transform against its definition, the circle against the engine's, and where parts of a row stand. */
import { expect, test } from "vitest";
import { circlePoint } from "../../src/kernels/circle.ts";
import { complex, Dft } from "../../src/kernels/dft.ts";
import { dftBins, dftParts, dftRecord, packDftParts, unpackDftParts } from "../../src/kernels/dft-layout.ts";
import { SplitMix64 } from "../../src/random.ts";

test("points of the circle are those of the engine, and exact at quarter turns", () => {
  for (const n of [1, 2, 3, 5, 7, 8, 12, 384, 1000, 131_072])
    for (let k = 0; k < n; k += Math.ceil(n / 500)) {
      const { cos, sin } = circlePoint(k, n);
      expect(Math.abs(cos - Math.cos((2 * Math.PI * k) / n))).toBeLessThan(2e-15);
      expect(Math.abs(sin - Math.sin((2 * Math.PI * k) / n))).toBeLessThan(2e-15);
    }
  const quarters = [0, 1, 2, 3].map((k) => circlePoint(k, 4));
  expect(quarters.map(({ cos, sin }) => [cos + 0, sin + 0])).toEqual([
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ]);
});

const LENGTHS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 20, 25, 27, 30, 49, 60, 97, 125, 128, 193, 384,
];

test.each(LENGTHS)("a transform of length %i is the sum that defines it", (n) => {
  const random = new SplitMix64(n);
  const x = complex(n);
  for (let j = 0; j < n; j++) [x.re[j], x.im[j]] = [random.gaussian(), random.gaussian()];
  const { re, im } = new Dft(n).transform(x);
  for (let k = 0; k < n; k++) {
    let [a, b] = [0, 0];
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      a += x.re[j] * Math.cos(angle) - x.im[j] * Math.sin(angle);
      b += x.re[j] * Math.sin(angle) + x.im[j] * Math.cos(angle);
    }
    expect(Math.hypot(re[k] - a, im[k] - b)).toBeLessThan(1e-13 * n);
  }
});

test("parts come back from bits, which are no more than the bins themselves would take", () => {
  const random = new SplitMix64(5);
  for (const dim of [4, 5, 13, 64, 384, 1024, 4097])
    for (const topK of new Set([1, 2, dftBins(dim) >> 3, dftBins(dim) >> 1, dftBins(dim)])) {
      if (topK === 0) continue;
      const shape = { dim, topK, magBits: random.below(9), phaseBits: 2 + random.below(7) };
      const record = dftRecord(shape);
      const plain = topK * (Math.ceil(Math.log2(dftBins(dim))) + shape.magBits + shape.phaseBits);
      expect(record.streamBytes).toBeLessThanOrEqual(Math.ceil(plain / 8));
      const bins = Array.from({ length: dftBins(dim) }, (_, b) => b);
      for (let i = bins.length - 1; i > 0; i--) {
        const other = random.below(i + 1);
        [bins[i], bins[other]] = [bins[other], bins[i]];
      }
      const parts = dftParts(topK);
      parts.bins.set(bins.slice(0, topK).sort((a, b) => a - b));
      for (let i = 0; i < topK; i++) {
        parts.phases[i] = random.below(2 ** shape.phaseBits);
        parts.magnitudes[i] = random.below(2 ** shape.magBits);
      }
      const bytes = new Uint8Array(record.streamBytes + 4);
      packDftParts(shape, record, parts, bytes, 3);
      expect([...bytes.subarray(0, 3), bytes[record.streamBytes + 3]]).toEqual([0, 0, 0, 0]);
      const read = dftParts(topK);
      expect(unpackDftParts(shape, record, bytes, 3, read)).toBe(true);
      expect(read).toEqual(parts);
    }
});
