/**
 * Trellis coding of a row in 1 to 4 bits a coordinate, each of as many bits or each of its own. A coordinate's value
 * doesn't depend on its own bits alone but on the last 8 bits of the stream, its window, so that neighbouring coordinates
 * share what they say: at equal bytes less is lost than by any levels for each coordinate alone (trellis-tables.ts leaves
 * .282, .0760, .0204, .0058 of a Gaussian's variance at 1 to 4 bits; Lloyd and Max .363, .117, .0345, .0095).
 *
 *   window_j = (window_{j-1} >> bits) | (symbol_j << (8 - bits)), the window before the row 0;  value_j = T[window_j]
 *
 * Symbols stand in the code's stream as the indices of other codes do, lowest bits first, so that the window of coordinate j
 * is the 8 bits that end with its own.
 *
 * The encoder finds the windows of least squared error (Viterbi), in integers from 0 to 65,535, which every sum stops at.
 * With w the row's coordinates as whole numbers from -127 to 127, and c_v the cost of ending in window v, at first 0 for
 * window 0 and 65,535 else, each coordinate does
 *   l_u  = the least c_{u << bits | h} over h, the first of equals, for each u below 2^(8 - bits)
 *   c_v  = l_{v mod 2^(8 - bits)} + (w_j - T[v])^2, with T of the coordinate's bits
 * and before coordinates 4, 8, 12 ... the least cost is taken off all of them. The windows are followed back from the least
 * cost at the end, the first of equals.
 *
 * Sources: Marcellin, Fischer, "Trellis coded quantization of memoryless and Gauss-Markov sources", IEEE Trans. Commun.
 * 1990; the shifted window: Tseng, Sun, Hou, De Sa, "QTIP: quantization with trellises and incoherence processing",
 * NeurIPS 2024; Viterbi, IEEE Trans. Inf. Theory 1967.
 */
import { trellisTable } from "./trellis-tables.ts";

const WINDOWS = 256;
/** Windows that differ in what comes after them, of 1 bit: the most. */
const GROUPS = 128;
/** What costs stop at. */
const MOST = 65_535;
/** Coordinates between which costs are brought back to 0. */
const SPAN = 4;

/**
 * Finds the windows of rows of whole numbers from -127 to 127, in units of the tables: one number, of `bits[j]` bits, for
 * each element of `bits`. `tableOf`: the values of the 256 windows, from -127 to 127, for coordinates of so many bits.
 */
export function trellisSearch(
  bits: Uint8Array,
  tableOf: (bits: number) => Int8Array = trellisTable,
): (w: Int8Array, windows: Uint8Array) => void {
  const tables = Object.fromEntries(Array.from(new Set(bits), (width) => [width, tableOf(width)]));
  const cost = new Uint16Array(WINDOWS);
  const least = new Uint16Array(GROUPS);
  /** Of each coordinate and group the h that cost least. */
  const came = new Uint8Array(bits.length * GROUPS);
  return (w, windows) => {
    cost.fill(MOST);
    cost[0] = 0;
    for (let j = 0; j < bits.length; j++) {
      if (j > 0 && j % SPAN === 0) settle(cost);
      const symbols = 1 << bits[j];
      const groups = WINDOWS >>> bits[j];
      const table = tables[bits[j]];
      for (let u = 0; u < groups; u++) {
        let h = 0;
        for (let i = 1; i < symbols; i++) if (cost[u * symbols + i] < cost[u * symbols + h]) h = i;
        least[u] = cost[u * symbols + h];
        came[j * GROUPS + u] = h;
      }
      for (let window = 0; window < WINDOWS; window++) {
        const error = w[j] - table[window];
        cost[window] = Math.min(MOST, least[window & (groups - 1)] + error * error);
      }
    }
    let window = first(cost);
    for (let j = bits.length - 1; j >= 0; j--) {
      windows[j] = window;
      const group = window & ((WINDOWS >>> bits[j]) - 1);
      window = (group << bits[j]) + came[j * GROUPS + group];
    }
  };
}

function settle(cost: Uint16Array): void {
  const least = cost[first(cost)];
  for (let window = 0; window < WINDOWS; window++) cost[window] -= least;
}

/** The first window of the least cost. */
function first(cost: Uint16Array): number {
  let best = 0;
  for (let window = 1; window < WINDOWS; window++) if (cost[window] < cost[best]) best = window;
  return best;
}
