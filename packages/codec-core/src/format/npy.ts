/**
 * The header of NumPy's .npy: eight bytes of magic and version, a length, and a Python dict with dtype, order and shape.
 * Read are versions 1 to 3; float32 and float16, little-endian, matrices in C order. What is written is what NumPy
 * writes, byte for byte. Source: NEP 1 and https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 */
import { checkDim } from "../contract/vectors.ts";
import { PithError } from "../errors.ts";
import { corrupt, quote } from "./corrupt.ts";
import { FLOAT_BYTES, type FloatDtype } from "./float-rows.ts";
import { MAX_RANK } from "./header.ts";
import { checkLimit, type Limits, resolveLimits } from "./limits.ts";

export interface NpyHeader {
  readonly dtype: FloatDtype;
  readonly count: number;
  readonly dim: number;
  /** Where the rows begin, from the start of the file. */
  readonly dataStart: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** The longest prefix: magic, two bytes of version, four of length. */
export const NPY_PREFIX_BYTES = 12;
const ALIGNMENT = 64;
/** NumPy leaves room for the first dimension to grow to so many digits. */
const COUNT_DIGITS = 21;
const DTYPES: ReadonlyMap<string, FloatDtype> = new Map([
  ["<f4", "F32"],
  ["<f2", "F16"],
]);

export function isNpy(prefix: Uint8Array): boolean {
  return MAGIC.every((byte, i) => prefix[i] === byte);
}

/** Where the dict begins and ends. @throws CORRUPT_FILE, UNSUPPORTED_FORMAT (version), LIMIT_EXCEEDED */
export function npyHeaderSpan(
  prefix: Uint8Array,
  fileBytes: number,
  limits?: Limits,
): [start: number, end: number] {
  const { maxHeaderBytes, maxBytes } = resolveLimits(limits);
  checkLimit("bytes of the file", fileBytes, maxBytes);
  if (!isNpy(prefix)) throw new PithError("UNSUPPORTED_FORMAT", "not a .npy file");
  if (prefix.length < NPY_PREFIX_BYTES)
    throw corrupt(`${fileBytes} bytes are too few for a .npy file`, { fileBytes });
  const [major, minor] = prefix.subarray(6);
  if (major < 1 || major > 3 || minor !== 0)
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      `.npy version ${major}.${minor} is unknown; known are 1.0, 2.0 and 3.0`,
    );
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > fileBytes)
    throw corrupt(`the header's length is ${length}, beyond the end of a file of ${fileBytes} bytes`, {
      fileBytes,
    });
  checkLimit("bytes of the header", length, maxHeaderBytes);
  return [start, start + length];
}

/**
 * The header, from the bytes of the dict. @throws CORRUPT_FILE (also a cut file and trailing bytes), UNSUPPORTED_FORMAT
 * (another dtype, order or rank), DIM_UNSUPPORTED
 */
export function parseNpyHeader(dict: Uint8Array, dataStart: number, fileBytes: number): NpyHeader {
  const { descr, fortran, shape } = parseDict(new TextDecoder("latin1").decode(dict));
  const dtype = DTYPES.get(descr);
  if (!dtype)
    throw new PithError("UNSUPPORTED_FORMAT", `expected a .npy of dtype <f4 or <f2, got ${quote(descr)}`, {
      expected: [...DTYPES.keys()],
      actual: descr,
    });
  if (shape.length !== 2)
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      `expected a matrix (rows, dim), got shape (${shape.join(", ")})`,
      { shape },
    );
  if (fortran) throw new PithError("UNSUPPORTED_FORMAT", "expected a .npy in C order, got Fortran order");
  const [count, dim] = shape;
  checkDim(dim);
  const expected = dataStart + count * dim * FLOAT_BYTES[dtype];
  if (expected !== fileBytes)
    throw corrupt(`${count} x ${dim} ${descr} make a file of ${expected} bytes, got ${fileBytes}`, {
      expected,
      actual: fileBytes,
    });
  return { dtype, count, dim, dataStart };
}

/** A whole header, from the magic to the newline. */
export function serializeNpyHeader(dtype: FloatDtype, count: number, dim: number): Uint8Array<ArrayBuffer> {
  const descr = dtype === "F32" ? "<f4" : "<f2";
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${count}, ${dim}), }`;
  const grown = dict.length + COUNT_DIGITS - String(count).length;
  // NumPy pads to a multiple of 64, by 64 spaces where it stands on one already.
  const bytes = new Uint8Array(grown + 11 + ALIGNMENT - ((grown + 11) % ALIGNMENT)).fill(0x20);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, bytes.length - 10, true);
  new TextEncoder().encodeInto(dict, bytes.subarray(10));
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}

/** The dict that NumPy writes: three known keys, values of one shape each. Anything else isn't evaluated but refused. */
function parseDict(text: string): { descr: string; fortran: boolean; shape: number[] } {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    const sticky = new RegExp(`\\s*(?:${pattern.source})\\s*`, "y");
    sticky.lastIndex = at;
    const match = sticky.exec(text);
    if (!match) return undefined;
    at = sticky.lastIndex;
    return match[0].trim();
  };
  const broken = (): never => {
    throw corrupt(`.npy header: not a dict of descr, fortran_order and shape (character ${at})`, {
      character: at,
    });
  };
  const text1 = /'[^'\\\n]*'|"[^"\\\n]*"/;
  const values = new Map<string, string>();
  take(/\{/) ?? broken();
  while (take(/\}/) === undefined) {
    const key = (take(text1) ?? broken()).slice(1, -1);
    take(/:/) ?? broken();
    if (key === "descr" && text[at] === "[")
      throw new PithError(
        "UNSUPPORTED_FORMAT",
        "expected a .npy of dtype <f4 or <f2, got a structured dtype",
      );
    const value =
      take(key === "descr" ? text1 : key === "shape" ? /\([0-9L, ]*\)/ : /True|False/) ?? broken();
    if (values.has(key)) broken();
    values.set(key, value);
    if (take(/,/) === undefined && text[at] !== "}") broken();
  }
  if (at !== text.length || values.size !== 3) broken();
  const descr = values.get("descr") ?? broken();
  const fortran = values.get("fortran_order") ?? broken();
  const shape = values.get("shape") ?? broken();
  return { descr: descr.slice(1, -1), fortran: fortran === "True", shape: parseShape(shape) ?? broken() };
}

/** (), (n,), (n, m) and so on; Python 2 wrote its long integers with an L. */
function parseShape(text: string): number[] | undefined {
  const inner = text.slice(1, -1).trim();
  if (inner === "") return [];
  // Before anything is made of a shape that is as long as a header may be.
  const parts = inner.split(",", MAX_RANK + 2).map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  else if (parts.length === 1) return undefined; // (n) is a number in Python
  if (parts.length > MAX_RANK) return undefined;
  const shape = parts.map((part) =>
    /^(?:0|[1-9][0-9]*)L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN,
  );
  return shape.every(Number.isSafeInteger) ? shape : undefined;
}
