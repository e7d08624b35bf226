/**
 * float32 as decimal text that reads back as the same float32: nine significant digits, trailing zeros left out. Nine tell any
 * two float32s apart (a reader that goes through float64 too: half a unit of the ninth digit is a tenth of the way to where
 * rounding turns).
 */
const NINE_DIGITS = 1e8;
/** Down to about 1e-6; smaller numbers are written with an exponent. */
const MOST_PLACES = 14;

/** The numbers, with commas between them. */
export function floatText(row: Float32Array): string {
  let text = "";
  for (let j = 0; j < row.length; j++) text += j === 0 ? decimal(row[j]) : `,${decimal(row[j])}`;
  return text;
}

function decimal(value: number): string {
  const size = Math.abs(value);
  if (size < NINE_DIGITS && Number.isInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  // Integers become text much faster than fractions: the point is set by hand.
  let scaled = size;
  let places = 0;
  for (; scaled < NINE_DIGITS && places < MOST_PLACES; places++) scaled *= 10;
  if (scaled < NINE_DIGITS || places === 0) return value.toPrecision(9);
  let digits = Math.round(scaled);
  for (; places > 1 && digits % 10 === 0; places--) digits /= 10;
  const text = String(digits).padStart(places + 1, "0");
  const point = text.length - places;
  return `${value < 0 ? "-" : ""}${text.slice(0, point)}.${text.slice(point)}`;
}
