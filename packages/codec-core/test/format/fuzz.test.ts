import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DTYPE_BYTES,
  type Dtype,
  type Id,
  IdColumn,
  idsOf,
  METRICS,
  type PithContents,
  parseHeader,
  parsePith,
  type StateTensor,
  serializePith,
} from "../../src/index.ts";
import { GOLDEN } from "./golden-contents.ts";
import { refusal } from "./refusal.ts";

const SEED = 20_240_607;
const runs = (numRuns: number): { seed: number; numRuns: number } => ({ seed: SEED, numRuns });

function tensor(dtype: Dtype, shape: number[], salt: number): StateTensor {
  const bytes = new Uint8Array(shape.reduce((a, b) => a * b, DTYPE_BYTES[dtype])).map(
    (_, i) => i * 31 + salt,
  );
  return { dtype, shape, bytes };
}

const dtypes = fc.constantFrom(...(Object.keys(DTYPE_BYTES) as Dtype[]));
const shapes = fc.array(fc.nat(5), { maxLength: 3 });
const states = (prefix: string): fc.Arbitrary<{ [name: string]: StateTensor }> =>
  fc
    .array(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/), dtypes, shapes, fc.nat(255)), {
      maxLength: 4,
    })
    .map((list) => Object.fromEntries(list.map(([name, ...spec]) => [prefix + name, tensor(...spec)])));
const json = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
const stamps = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/),
  version: fc.integer({ min: 1 }),
  params: json as fc.Arbitrary<{ [name: string]: never }>,
});
const texts = fc.string({ unit: "binary" });
const columns = (count: number): fc.Arbitrary<IdColumn | undefined> => {
  const list = (id: fc.Arbitrary<Id>): fc.Arbitrary<Id[]> =>
    fc.array(id, { minLength: count, maxLength: count });
  return fc.oneof(
    fc.constant(undefined),
    list(texts).map((ids) => IdColumn.from(ids, "string")),
    list(fc.maxSafeInteger()).map((ids) => IdColumn.from(ids, "number")),
    list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((ids) => IdColumn.from(ids, "bigint")),
  );
};

// Made once: making an arbitrary of text takes longer than a hundred of its values.
const ownState = states("state.");
const otherState = states("rescore.state.");

const contents: fc.Arbitrary<PithContents> = fc
  .record({
    count: fc.nat(6),
    dim: fc.integer({ min: 1, max: 9 }),
    metric: fc.constantFrom(...METRICS),
    producer: fc.string({ unit: "grapheme", maxLength: 20 }),
  })
  .chain(({ count, dim, ...rest }) =>
    fc
      .record({
        kind: fc.constantFrom("vectors", "codes", "index"),
        ids: columns(count),
        codec: stamps,
        rescore: fc.option(stamps, { nil: undefined }),
        state: ownState,
        rescoreState: otherState,
        strides: fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }),
        keep: fc.constantFrom("none", "F16", "F32"),
      })
      .map(({ kind, ids: column, codec, rescore, state, rescoreState, strides, keep }) => {
        const ids =
          column ??
          (kind === "index"
            ? IdColumn.from(
                Array.from({ length: count }, (_, i) => i),
                "number",
              )
            : undefined);
        const tensors: { [name: string]: StateTensor } = { ...ids?.tensors() };
        if (kind === "vectors" || keep !== "none")
          tensors["vectors"] = tensor(keep === "F16" ? "F16" : "F32", [count, dim], 1);
        const info = { kind, count, dim, ...rest, ...(ids ? { idType: ids.type } : {}) } as const;
        if (kind === "vectors") return { ...info, tensors };
        for (const [n, stride] of strides.entries())
          tensors[n === 0 ? "codes" : `codes.${n}`] = tensor("U8", [count, stride], 7 * n);
        Object.assign(tensors, state);
        if (!rescore) return { ...info, codec, tensors };
        return {
          ...info,
          codec,
          rescore,
          tensors: { ...tensors, ...rescoreState, "rescore.codes": tensor("U8", [count, 3], 9) },
        };
      }),
  );

describe(`any content (seed ${SEED})`, () => {
  test("is read as it was written, and written the same again", () => {
    fc.assert(
      fc.property(contents, (content) => {
        const bytes = serializePith(content);
        const read = parsePith(bytes);
        expect({ ...read, tensors: undefined }).toEqual({ ...content, tensors: undefined });
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(content.tensors).sort());
        for (const [name, { dtype, shape, bytes: own }] of Object.entries(content.tensors)) {
          expect(read.tensors[name]).toMatchObject({ dtype, shape });
          expect(Buffer.compare(read.tensors[name].bytes, own)).toBe(0);
        }
        expect(idsOf(read)?.toArray()).toEqual(idsOf(content)?.toArray());
        expect(Buffer.compare(serializePith(read), bytes)).toBe(0);
        // Another order of the tensors is the same content.
        const turned = Object.fromEntries(Object.entries(content.tensors).reverse());
        expect(Buffer.compare(serializePith({ ...content, tensors: turned }), bytes)).toBe(0);
      }),
      runs(300),
    );
  });

  test("with bytes overwritten, cut or repeated, is refused", () => {
    const source = fc.constantFrom(...Object.values(GOLDEN).map(serializePith));
    fc.assert(
      fc.property(
        source,
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 12 }),
        (bytes, a, b, patch) => {
          const from = a % bytes.length;
          const to = Math.min(bytes.length, from + (b % 80));
          const changed = [
            new Uint8Array([...bytes.subarray(0, from), ...patch, ...bytes.subarray(from + patch.length)]),
            new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(to)]),
            new Uint8Array([...bytes.subarray(0, to), ...bytes.subarray(from)]),
          ];
          for (const file of changed)
            if (Buffer.compare(file, bytes) !== 0)
              expect(refusal(() => parsePith(file))).not.toBe("accepted");
        },
      ),
      runs(1500),
    );
  });
});

describe(`any bytes (seed ${SEED})`, () => {
  const pieces = fc.constantFrom(
    ...'{}[]:,"\\'.split(""),
    '"__metadata__"',
    '"pith"',
    '"1"',
    '"a"',
    '"dtype"',
    '"U8"',
    '"shape"',
    '"data_offsets"',
    "[0,1]",
    "[1]",
    "0",
    "-1",
    "1e9",
    "9007199254740993",
    " ",
    "\\u0000",
    "null",
  );
  test("as a header give a PithError or a header", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.nat(3), (parts, data) => {
        const header = new TextEncoder().encode(`{${parts.join("")}`);
        refusal(() => parseHeader(header, 8 + header.length + data));
      }),
      runs(3000),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(refusal(() => parsePith(bytes))).not.toBe("accepted");
      }),
      runs(2000),
    );
  });
});
