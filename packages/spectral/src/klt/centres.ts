/**
 * Rows that are coded around centres. With c the centre of a row x (a centroid, which whoever searches knows), x - c varies
 * less than x does, so that the same bytes say more: it is coded in a basis of such differences,
 *
 *   x ~ t (c + mean + sum over r of sigma_r z_r b_r)
 *
 * which is a layout whose mean is moved by c, and else the same for all centres. The scalar t gives the whole row its
 * length, as without centres.
 *
 * Source: residuals of a coarse quantizer: Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", IEEE
 * Trans. Pattern Anal. Mach. Intell. 2011.
 */
import { checkOutput, checkVectors, type KltLayout, PithError, type Vectors } from "@pith/codec-core";
import { moved, withMean } from "./layout.ts";

/** Centres, and which of them each row of a sample belongs to. */
export interface SpectralCentres {
  /** As they are taken off the rows; under cosine off rows of length 1. */
  readonly centres: Vectors;
  /** Of each row of the sample the number of its centre. */
  readonly assignment: Uint32Array;
}

/** Rows, of unit length under cosine, each with its centre where there are centres; rows of one centre stand together. */
export interface Sample extends Vectors {
  readonly around?: SpectralCentres | undefined;
}

/** Rows in the order of their centres. @throws DIM_MISMATCH, NOT_FINITE, LENGTH_MISMATCH, INVALID_ARGUMENT */
export function sampleOf(rows: Vectors, around: SpectralCentres | undefined): Sample {
  if (!around) return rows;
  const { centres, assignment } = around;
  checkVectors(centres, rows.dim);
  checkOutput(assignment.length, rows.count, "centres of rows");
  for (const [row, centre] of assignment.entries())
    if (centre >= centres.count)
      throw new PithError(
        "INVALID_ARGUMENT",
        `row ${row}: expected a centre below ${centres.count}, got ${centre}`,
        {
          row,
          expected: centres.count,
          actual: centre,
        },
      );
  const order = Uint32Array.from(assignment.keys()).sort((a, b) => assignment[a] - assignment[b] || a - b);
  return pick({ ...rows, around }, Array.from(order));
}

/** Rows at these places. */
export function pick({ data, dim, around }: Sample, slots: readonly number[]): Sample {
  const out = new Float32Array(slots.length * dim);
  slots.forEach((slot, i) => {
    out.set(data.subarray(slot * dim, (slot + 1) * dim), i * dim);
  });
  const picked = { data: out, dim, count: slots.length };
  if (!around) return picked;
  const assignment = Uint32Array.from(slots, (slot) => around.assignment[slot]);
  return { ...picked, around: { ...around, assignment } };
}

/** Rows less their centres. */
export function residuals({ data, dim, count, around }: Sample): Vectors {
  if (!around) return { data, dim, count };
  const { centres, assignment } = around;
  const out = data.map((x, i) => x - centres.data[assignment[Math.floor(i / dim)] * dim + (i % dim)]);
  return { data: out, dim, count };
}

/** Rows `first` to `end` in runs of one centre: where each begins and ends, and its layout. */
export function* runs(
  layout: KltLayout,
  { dim, around }: Sample,
  first: number,
  end: number,
): Generator<{ readonly layout: KltLayout; readonly start: number; readonly end: number }> {
  if (!around) {
    yield { layout, start: first, end };
    return;
  }
  const { centres, assignment } = around;
  for (let start = first; start < end; ) {
    const centre = assignment[start];
    let next = start + 1;
    while (next < end && assignment[next] === centre) next++;
    const at = centres.data.subarray(centre * dim, (centre + 1) * dim);
    yield { layout: withMean(layout, moved(layout.mean, at)), start, end: next };
    start = next;
  }
}
