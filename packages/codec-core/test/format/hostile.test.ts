import { describe, expect, test } from "vitest";
import {
  idsOf,
  type PithContents,
  PithError,
  parseHeader,
  parsePith,
  serializePith,
} from "../../src/index.ts";
import { plainCodes, prefixed, type RawFile, rawBytes, withHeader } from "./raw-file.ts";
import { refusal } from "./refusal.ts";

/** What the reader says of the plain file after a change. */
function change(edit: (file: RawFile) => void, text?: (header: string) => string): string {
  const file = plainCodes();
  edit(file);
  return refusal(() => idsOf(parsePith(rawBytes(file, text))));
}
const nothing = (): void => {};

test("the file that these tests break is right", () => {
  const contents = parsePith(rawBytes(plainCodes()));
  expect(idsOf(contents)?.toArray()).toEqual(["a", "é", "b"]);
  expect(Object.keys(contents.tensors)).toEqual(["state.mean", "ids.offsets", "ids.utf8", "codes"]);
  expect(change(nothing)).toBe("accepted");
});

describe("lengths", () => {
  const json = new TextEncoder().encode("{}");
  test.each([
    ["empty file", new Uint8Array(0), "EMPTY_INPUT"],
    ["seven bytes", new Uint8Array(7), "CORRUPT_FILE"],
    ["no header", prefixed(0n), "CORRUPT_FILE"],
    ["header beyond the end", prefixed(3n, json), "CORRUPT_FILE"],
    ["2^53", prefixed(2n ** 53n, json), "CORRUPT_FILE"],
    ["2^63", prefixed(2n ** 63n, json), "CORRUPT_FILE"],
    ["2^64 - 1", prefixed(2n ** 64n - 1n, json), "CORRUPT_FILE"],
    ["no profile", prefixed(2n, json), "UNSUPPORTED_FORMAT"],
    ["no JSON", prefixed(2n, new TextEncoder().encode("[]")), "UNSUPPORTED_FORMAT"],
    [
      "header of 16 MiB and a byte",
      prefixed(BigInt(2 ** 24 + 1), json, new Uint8Array(2 ** 24)),
      "LIMIT_EXCEEDED",
    ],
  ])("%s", (_, bytes, code) => {
    expect(refusal(() => parsePith(bytes))).toBe(code);
  });

  test("limits can be lowered, not raised", () => {
    const bytes = rawBytes(plainCodes());
    const header = bytes.length - 204 - 8;
    const read = (limits: object): string => refusal(() => parsePith(bytes, limits));
    expect(read({ maxHeaderBytes: header, maxTensors: 7, maxBytes: bytes.length })).toBe("accepted");
    expect(read({ maxHeaderBytes: header - 1 })).toBe("LIMIT_EXCEEDED");
    expect(read({ maxTensors: 6 })).toBe("LIMIT_EXCEEDED");
    expect(read({ maxBytes: bytes.length - 1 })).toBe("LIMIT_EXCEEDED");
    expect(read({ maxTensors: Number.NaN })).toBe("INVALID_ARGUMENT");
    expect(read({ maxBytes: -1 })).toBe("INVALID_ARGUMENT");
    const large = prefixed(BigInt(2 ** 24 + 1), new TextEncoder().encode("{}"), new Uint8Array(2 ** 24));
    expect(refusal(() => parsePith(large, { maxHeaderBytes: 2 ** 30 }))).toBe("LIMIT_EXCEEDED");
  });
});

describe("JSON", () => {
  const deep = "[".repeat(1 << 20);
  test.each([
    ["white space in front", ' {"a":1}'],
    ["nothing closed", '{"a":{'],
    ["no value", '{"a":}'],
    ["trailing comma", '{"__metadata__":{},}'],
    ["comma alone", "{,}"],
    ["single quotes", "{'a':1}"],
    ["two values", "{}{}"],
    ["a NUL behind", "{}\u0000"],
    ["metadata no object", '{"__metadata__":[]}'],
    ["metadata null", '{"__metadata__":null}'],
    ["metadata with a number", '{"__metadata__":{"pith":1}}'],
    ["metadata with an object", '{"__metadata__":{"pith":{}}}'],
    ["metadata twice", '{"__metadata__":{},"__metadata__":{}}'],
    ["a metadata key twice", '{"__metadata__":{"pith":"1","pith":"1"}}'],
    ["a key twice, once escaped", '{"__metadata__":{"pith":"1","\\u0070ith":"1"}}'],
    ["deep nesting at the top", `{"a":${deep}`],
    ["deep nesting in a shape", `{"a":{"dtype":"U8","shape":${deep}`],
    ["deep nesting in metadata", `{"__metadata__":{"params":${deep}`],
    ["deep objects", `${'{"a":'.repeat(1 << 18)}`],
    ["a lone high surrogate", '{"__metadata__":{"pith":"\\ud83e"}}'],
    ["a lone low surrogate", '{"__metadata__":{"\\udd80":"1"}}'],
    ["an unknown escape", '{"__metadata__":{"pith":"\\x31"}}'],
    ["a cut escape", '{"__metadata__":{"pith":"\\u00"}}'],
    ["a raw newline in a string", '{"__metadata__":{"pith":"1\n"}}'],
    ["a byte order mark", "\ufeff{}"],
  ])("%s", (_, text) => {
    const code = refusal(() => parsePith(withHeader(text)));
    expect(["CORRUPT_FILE", "UNSUPPORTED_FORMAT"]).toContain(code);
    expect(refusal(() => parseHeader(new TextEncoder().encode(text), 8 + text.length))).toBe("CORRUPT_FILE");
  });

  test("text that isn't UTF-8", () => {
    for (const bad of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const header = new Uint8Array(
        Buffer.concat([Buffer.from('{"__metadata__":{"a":"'), Buffer.from(bad), Buffer.from('"}}')]),
      );
      expect(refusal(() => parseHeader(header, 8 + header.length))).toBe("CORRUPT_FILE");
    }
  });

  test("white space between tokens and escapes are JSON, and read", () => {
    const text = (header: string): string =>
      header.replaceAll('":"', '" :\n\t"').replace('"codec"', '"\\u0063odec"');
    // The checksum's own key must stay where `withHeader` looks for it.
    expect(change(nothing, (h) => text(h).replace('"header_crc32c" :\n\t', '"header_crc32c":'))).toBe(
      "accepted",
    );
  });
});

describe("tensors", () => {
  const tensor = (fields: string, bytes = 8): string =>
    refusal(() => parseHeader(new TextEncoder().encode(`{"a":${fields}}`), 8 + 6 + fields.length + bytes));

  test("one that is right", () => {
    expect(tensor('{"dtype":"F32","shape":[2],"data_offsets":[0,8]}')).toBe("accepted");
    expect(tensor('{"data_offsets":[0,8],"shape":[],"dtype":"F64"}')).toBe("accepted");
    expect(
      tensor('{"dtype":"F32","shape":[0,9007199254740991,9007199254740991],"data_offsets":[0,0]}', 0),
    ).toBe("accepted");
  });

  test.each([
    ["no dtype", '{"shape":[2],"data_offsets":[0,8]}'],
    ["no shape", '{"dtype":"F32","data_offsets":[0,8]}'],
    ["no offsets", '{"dtype":"F32","shape":[2]}'],
    ["one offset", '{"dtype":"F32","shape":[2],"data_offsets":[8]}'],
    ["three offsets", '{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}'],
    ["an unknown field", '{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":0}'],
    ["a field twice", '{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}'],
    ["dtype a number", '{"dtype":4,"shape":[2],"data_offsets":[0,8]}'],
    ["a negative dimension", '{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}'],
    ["minus zero", '{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}'],
    ["a fraction", '{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}'],
    ["an exponent", '{"dtype":"F32","shape":[2],"data_offsets":[0,8e0]}'],
    ["a leading zero", '{"dtype":"F32","shape":[02],"data_offsets":[0,8]}'],
    ["a string for a number", '{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}'],
    ["null for a number", '{"dtype":"F32","shape":[null],"data_offsets":[0,8]}'],
    ["2^53", '{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740992]}'],
    ["2^64 + 8", '{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551624]}'],
    ["a product that wraps at 2^64", '{"dtype":"U8","shape":[4294967296,4294967296,8],"data_offsets":[0,8]}'],
    [
      "a product that wraps at 2^53",
      '{"dtype":"U8","shape":[9007199254740991,9007199254740991],"data_offsets":[0,8]}',
    ],
    ["a number of a million digits", `{"dtype":"U8","shape":[${"9".repeat(1e6)}],"data_offsets":[0,8]}`],
    ["65 dimensions", `{"dtype":"U8","shape":[${new Array(65).fill(1)}],"data_offsets":[0,1]}`],
    ["shape too short", '{"dtype":"F32","shape":[1],"data_offsets":[0,8]}'],
    ["shape too long", '{"dtype":"F32","shape":[3],"data_offsets":[0,8]}'],
    ["offsets swapped", '{"dtype":"F32","shape":[2],"data_offsets":[8,0]}'],
    ["a hole in front", '{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'],
    ["bytes left over", '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'],
    ["beyond the end", '{"dtype":"F32","shape":[3],"data_offsets":[0,12]}'],
  ])("%s", (_, fields) => {
    expect(tensor(fields)).toBe("CORRUPT_FILE");
  });

  test("an unknown dtype is named", () => {
    expect(tensor('{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}')).toBe("UNSUPPORTED_FORMAT");
    expect(tensor('{"dtype":"constructor","shape":[8],"data_offsets":[0,8]}')).toBe("UNSUPPORTED_FORMAT");
  });

  test("holes, overlaps and repeated names", () => {
    const two = (a: string, b: string, bytes: number, name = "b"): string => {
      const text = `{"a":{"dtype":"U8","shape":[4],"data_offsets":${a}},"${name}":{"dtype":"U8","shape":[4],"data_offsets":${b}}}`;
      return refusal(() => parseHeader(new TextEncoder().encode(text), 8 + text.length + bytes));
    };
    expect(two("[0,4]", "[4,8]", 8)).toBe("accepted");
    expect(two("[4,8]", "[0,4]", 8)).toBe("accepted");
    expect(two("[0,4]", "[4,8]", 8, "a")).toBe("CORRUPT_FILE");
    expect(two("[0,4]", "[0,4]", 4)).toBe("CORRUPT_FILE");
    expect(two("[0,4]", "[3,7]", 7)).toBe("CORRUPT_FILE");
    expect(two("[0,4]", "[5,9]", 9)).toBe("CORRUPT_FILE");
    expect(two("[0,4]", "[4,8]", 9)).toBe("CORRUPT_FILE");
    expect(two("[0,4]", "[4,8]", 7)).toBe("CORRUPT_FILE");
  });

  test("tensors named like parts of every object are only names", () => {
    const text =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const { tensors } = parseHeader(new TextEncoder().encode(text), 8 + text.length + 2);
    expect(tensors.map((t) => t.name)).toEqual(["__proto__", "constructor"]);
    expect(Object.hasOwn(Object.prototype, "dtype")).toBe(false);
  });

  test("as many as the header holds are refused quickly", () => {
    const many = Array.from(
      { length: 70_000 },
      (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
    );
    expect(refusal(() => parsePith(withHeader(`{${many}}`)))).toBe("LIMIT_EXCEEDED");
  });
});

describe("the profile", () => {
  test("a newer version is named plainly, whatever else the file has", () => {
    const newer = rawBytes({
      metadata: { pith: "2", shiny: "x" },
      tensors: { new: { dtype: "F4", shape: [], data_offsets: [0, 9] } },
      data: new Uint8Array(3),
    });
    expect(() => parsePith(newer)).toThrow(PithError);
    expect(() => parsePith(newer)).toThrow(/the file is newer than this reader: Pith format version 2/);
    expect(refusal(() => parsePith(newer))).toBe("VERSION_UNSUPPORTED");
    for (const pith of ["0", "01", "-1", "1.0", "1 ", "", "one"])
      expect(change((f) => (f.metadata.pith = pith))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.metadata.pith = undefined))).toBe("UNSUPPORTED_FORMAT");
  });

  test.each([
    ...[
      "kind",
      "dim",
      "count",
      "metric",
      "codec",
      "codec_version",
      "params",
      "id_type",
      "producer",
      "crc32c",
      "header_crc32c",
    ].map((key): [string, object] => [`no ${key}`, { [key]: undefined }]),
    ["an unknown key", { color: "red" }],
    ["__proto__ as a key", JSON.parse('{"__proto__":"x"}')],
    ["an unknown kind", { kind: "graph" }],
    ["kind vectors with a codec", { kind: "vectors" }],
    ["dim 0", { dim: "0" }],
    ["dim 65,537", { dim: "65537" }],
    ["dim with a zero in front", { dim: "02" }],
    ["dim with a space", { dim: " 2" }],
    ["dim in hex", { dim: "0x2" }],
    ["count -1", { count: "-1" }],
    ["count 4", { count: "4" }],
    ["count 2^32", { count: "4294967296" }],
    ["count 2^53", { count: "9007199254740992" }],
    ["count 1e3", { count: "1e3" }],
    ["an unknown metric", { metric: "manhattan" }],
    ["a codec without a name", { codec: "" }],
    ["a codec's name with a newline", { codec: "a\nb" }],
    ["codec version 0", { codec_version: "0" }],
    ["codec version 1.5", { codec_version: "1.5" }],
    ["id_type symbol", { id_type: "symbol" }],
    ["id_type number over strings", { id_type: "number" }],
    [
      "rescore without its codes",
      { "rescore.codec": "b", "rescore.codec_version": "1", "rescore.params": "{}" },
    ],
    ["half of a rescore", { "rescore.codec": "b" }],
    ["a producer of 257 characters", { producer: "x".repeat(257) }],
    ["params of a list", { params: "[]" }],
    ["params of null", { params: "null" }],
    ["params with a space", { params: '{"a": 1}' }],
    ["params out of order", { params: '{"b":1,"a":2}' }],
    ["params with a name twice", { params: '{"a":1,"a":1}' }],
    ["params with 1.0", { params: '{"a":1.0}' }],
    ["params with minus zero", { params: '{"a":-0}' }],
    ["params with 1e999", { params: '{"a":1e999}' }],
    ["params with an escape too many", { params: '{"\\u0061":1}' }],
    ["params with a lone surrogate", { params: '{"a":"\\ud800"}' }],
    ["params cut", { params: '{"a":1' }],
    ["params nested deeply", { params: `${'{"a":'.repeat(50)}1${"}".repeat(50)}` }],
    ["params nested very deeply", { params: "[".repeat(200_000) }],
    ["crc32c a list", { crc32c: "[]" }],
    ["crc32c empty", { crc32c: "{}" }],
    ["header_crc32c short", { header_crc32c: "0000000" }],
    ["header_crc32c in capitals", { header_crc32c: "ABCDEF00" }],
  ])("%s", (_, metadata) => {
    expect(change((f) => (f.metadata = { ...f.metadata, ...metadata }))).toBe("CORRUPT_FILE");
  });

  test("params named __proto__ stay data", () => {
    const file = plainCodes();
    file.metadata.params = '{"__proto__":{"polluted":true}}';
    const { codec } = parsePith(rawBytes(file));
    expect(Object.keys(codec?.params ?? {})).toEqual(["__proto__"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("a wrong checksum", () => {
    expect(change((f) => (f.metadata.header_crc32c = "01234567"))).toBe("CHECKSUM_MISMATCH");
    expect(change(nothing, (h) => h.replace(/("header_crc32c":)"0{8}"/, '$1"\\u00300000000"'))).toBe(
      "CORRUPT_FILE",
    );
    const crcs = (edit: (own: { [name: string]: string }) => object): string => {
      let code = "";
      change(nothing, (h) => {
        const own = JSON.parse(JSON.parse(h).__metadata__.crc32c);
        code = change((f) => (f.metadata.crc32c = JSON.stringify(edit(own))));
        return h;
      });
      return code;
    };
    expect(crcs((own) => own)).toBe("accepted");
    expect(crcs((own) => ({ ...own, codes: "01234567" }))).toBe("CHECKSUM_MISMATCH");
    expect(crcs((own) => ({ ...own, "_pad.0": "01234567" }))).toBe("CORRUPT_FILE");
    expect(crcs((own) => ({ ...own, codes: own.codes.toUpperCase().replace(/\d/g, "A") }))).toBe(
      "CORRUPT_FILE",
    );
    expect(crcs((own) => ({ ...own, codes: 12345678 }))).toBe("CORRUPT_FILE");
    expect(crcs((own) => ({ ...own, zzz: "00000000" }))).toBe("CORRUPT_FILE");
    expect(crcs(({ codes: _, ...own }) => own)).toBe("CORRUPT_FILE");
  });

  const rename = (from: string, to: string): string =>
    change((f) => {
      f.tensors = Object.fromEntries(Object.entries(f.tensors).map(([n, t]) => [n === from ? to : n, t]));
    });

  test.each([
    "surprise",
    "state.",
    "state.Mean",
    "state.__proto__",
    "state.a/b",
    `state.${"a".repeat(65)}`,
    "codes.0",
    "codes.01",
    "codes.2",
    "vectors",
    "ids",
    "rescore.codes",
    "rescore.state.a",
    "_pad.3",
    "_pad.x",
    "__proto__",
    "constructor",
    "",
  ])("a tensor named %j", (name) => {
    expect(rename("state.mean", name)).toBe("CORRUPT_FILE");
  });

  test("tensors that must be there, and fit", () => {
    expect(rename("codes", "state.codes")).toBe("CORRUPT_FILE");
    expect(rename("ids.utf8", "state.utf8")).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors.codes.dtype = "I8"))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors.codes.shape = [4, 3]))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors.codes.shape = [12]))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors["ids.offsets"].dtype = "U64"))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors["ids.offsets"].shape = [2, 2]))).toBe("CORRUPT_FILE");
  });

  test("pads are zeros, in order and only where needed", () => {
    expect(rename("_pad.1", "_pad.7")).toBe("CORRUPT_FILE");
    expect(change((f) => (f.tensors["_pad.0"].shape = [7, 8]))).toBe("CORRUPT_FILE");
    expect(change((f) => (f.data[20] = 1))).toBe("CORRUPT_FILE");
    expect(rename("_pad.1", "state.pad")).toBe("CORRUPT_FILE"); // a tensor that isn't aligned
    const behind = change((f) => {
      f.tensors["_pad.3"] = { dtype: "U8", shape: [52], data_offsets: [204, 256] };
      f.data = new Uint8Array([...f.data, ...new Array(52).fill(0)]);
    });
    expect(behind).toBe("CORRUPT_FILE");
  });

  test("a header that leaves the data unaligned", () => {
    for (const [align, code] of [
      [64, "accepted"],
      [128, "accepted"],
      [61, "CORRUPT_FILE"],
    ] as const) {
      const bytes = rawBytes(plainCodes(), undefined, align);
      expect((bytes.length - 204) % 64 === 0).toBe(code === "accepted");
      expect(refusal(() => parsePith(bytes))).toBe(code);
    }
  });

  test("ids that break", () => {
    const offsets = (...values: bigint[]): string =>
      change((f) => new BigInt64Array(f.data.buffer, 64, 4).set(values));
    expect(offsets(0n, 1n, 3n, 4n)).toBe("accepted");
    expect(offsets(0n, 0n, 0n, 4n)).toBe("accepted");
    expect(offsets(0n, 1n, 2n, 4n)).toBe("CORRUPT_FILE"); // cuts é
    expect(offsets(0n, 3n, 1n, 4n)).toBe("CORRUPT_FILE");
    expect(offsets(0n, 9n, 9n, 4n)).toBe("CORRUPT_FILE");
    expect(offsets(1n, 1n, 3n, 4n)).toBe("CORRUPT_FILE");
    expect(offsets(0n, 1n, 3n, 5n)).toBe("CORRUPT_FILE");
    expect(offsets(0n, -1n, 3n, 4n)).toBe("CORRUPT_FILE");
    expect(offsets(0n, 2n ** 63n - 1n, 3n, 4n)).toBe("CORRUPT_FILE");
    for (const bad of [0x80, 0xff, 0xc3, 0xf0])
      expect(change((f) => (f.data[131] = bad))).toBe("CORRUPT_FILE");
    expect(change((f) => f.data.set([0xed, 0xa0, 0x80, 0x62], 128))).toBe("CORRUPT_FILE"); // a surrogate in UTF-8

    const numbers = (value: bigint): string =>
      refusal(() => {
        const ids = {
          dtype: "I64",
          shape: [1],
          bytes: new Uint8Array(BigInt64Array.of(value).buffer),
        } as const;
        const vectors = { dtype: "F32", shape: [1, 1], bytes: new Uint8Array(4) } as const;
        const contents: PithContents = {
          kind: "vectors",
          dim: 1,
          count: 1,
          idType: "number",
          tensors: { ids, vectors },
        };
        idsOf(parsePith(serializePith(contents)));
      });
    for (const value of [0n, -1n, 2n ** 53n - 1n, 1n - 2n ** 53n, 2n ** 32n, -(2n ** 32n) - 1n])
      expect(numbers(value)).toBe("accepted");
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])
      expect(numbers(value)).toBe("CORRUPT_FILE");
  });
});
