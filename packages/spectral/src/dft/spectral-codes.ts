/** Codes as arrays: what packed rows hold, one element for each coefficient. */
import { PithError } from "@pith/codec-core";

/** `count` codes of `topK` coefficients each, row-major. */
export interface SpectralCodes {
  readonly count: number;
  readonly topK: number;
  /** count x topK: which coefficient, 0 to floor(dim / 2). */
  readonly idx: Uint16Array;
  /** count x topK: places in the grid of magnitudes. */
  readonly magQ: Uint8Array;
  /** count x topK: places in the grid of phases. */
  readonly phaseQ: Uint8Array;
  /** count: places in the grid of norms. */
  readonly normQ: Uint16Array;
}

/** How many coefficients there are, and how many of each grid's points. */
export interface CodeRanges {
  readonly topK: number;
  readonly bins: number;
  readonly magnitudes: number;
  readonly phases: number;
  readonly norms: number;
}

export function emptyCodes(count: number, topK: number): SpectralCodes {
  const n = count * topK;
  return {
    count,
    topK,
    idx: new Uint16Array(n),
    magQ: new Uint8Array(n),
    phaseQ: new Uint8Array(n),
    normQ: new Uint16Array(count),
  };
}

/** @throws CODEC_MISMATCH (another number of coefficients), LENGTH_MISMATCH, CORRUPT_CODES (beyond a grid, or twice the same) */
export function checkSpectralCodes(c: SpectralCodes, ranges: CodeRanges): void {
  const { topK, bins } = ranges;
  if (c.topK !== topK)
    throw new PithError("CODEC_MISMATCH", `expected codes of ${topK} coefficients, got ${c.topK}`, {
      expected: topK,
      actual: c.topK,
    });
  for (const [name, expected] of [
    ["idx", c.count * topK],
    ["magQ", c.count * topK],
    ["phaseQ", c.count * topK],
    ["normQ", c.count],
  ] as const)
    if (c[name]?.length !== expected)
      throw new PithError(
        "LENGTH_MISMATCH",
        `${name}: expected ${expected} elements, got ${c[name]?.length}`,
        {
          expected,
          actual: c[name]?.length,
        },
      );
  const refuse = (row: number, what: string): never => {
    throw new PithError("CORRUPT_CODES", `row ${row}: expected ${what}`, { row });
  };
  const seen = new Int32Array(bins).fill(-1);
  for (let i = 0; i < c.idx.length; i++) {
    const row = Math.floor(i / topK);
    if (c.idx[i] >= bins) refuse(row, `coefficients below ${bins}, got ${c.idx[i]}`);
    if (seen[c.idx[i]] === row) refuse(row, `each coefficient once, got ${c.idx[i]} twice`);
    seen[c.idx[i]] = row;
    if (c.magQ[i] >= ranges.magnitudes)
      refuse(row, `magnitudes below ${ranges.magnitudes}, got ${c.magQ[i]}`);
    if (c.phaseQ[i] >= ranges.phases) refuse(row, `phases below ${ranges.phases}, got ${c.phaseQ[i]}`);
  }
  c.normQ.forEach((norm, row) => {
    if (norm >= ranges.norms) refuse(row, `norms below ${ranges.norms}, got ${norm}`);
  });
}
