import { describe, expect, test } from "vitest";
import { idsOf, type PithContents, PithError, parsePith, serializePith } from "../../src/index.ts";
import { plainCodes, type RawFile, rawBytes } from "./raw-file.ts";
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

  /** Tensors one after another, as they are named: no pads but those given. */
  const laidOut = (...specs: [name: string, dtype: string, shape: number[], bytes: number][]): string => {
    const file = plainCodes();
    file.metadata.id_type = undefined;
    file.tensors = {};
    let at = 0;
    for (const [name, dtype, shape, bytes] of specs) {
      file.tensors[name] = { dtype, shape, data_offsets: [at, at + bytes] };
      at += bytes;
    }
    file.data = new Uint8Array(at);
    return refusal(() => parsePith(rawBytes(file)));
  };

  test("tensors are aligned, by pads that aren't empty", () => {
    const codes: [string, string, number[], number] = ["codes", "U8", [3, 4], 12];
    expect(laidOut(codes)).toBe("accepted");
    expect(laidOut(["state.a", "F64", [8], 64], codes)).toBe("accepted");
    expect(laidOut(["state.a", "U8", [0], 0], codes)).toBe("accepted");
    expect(laidOut(["state.a", "F64", [4], 32], codes)).toBe("CORRUPT_FILE");
    expect(laidOut(["state.a", "F64", [4], 32], ["_pad.0", "U8", [32], 32], codes)).toBe("accepted");
    expect(
      laidOut(["state.a", "F64", [4], 32], ["_pad.0", "U8", [16], 16], ["_pad.1", "U8", [16], 16], codes),
    ).toBe("CORRUPT_FILE");
    expect(laidOut(["state.a", "F64", [4], 32], ["_pad.0", "U8", [96], 96], codes)).toBe("CORRUPT_FILE");
    expect(laidOut(["state.a", "F64", [8], 64], ["_pad.0", "U8", [64], 64], codes)).toBe("CORRUPT_FILE");
    expect(laidOut(["state.a", "F64", [8], 64], ["_pad.0", "U8", [0], 0], codes)).toBe("CORRUPT_FILE");
    expect(laidOut(["_pad.0", "U8", [64], 64], codes)).toBe("CORRUPT_FILE");
  });

  test("planes are numbered without a gap, and no row is empty", () => {
    const codes: [string, string, number[], number] = ["codes", "U8", [3, 64], 192];
    expect(laidOut(codes, ["codes.1", "U8", [3, 64], 192], ["codes.2", "U8", [3, 1], 3])).toBe("accepted");
    expect(laidOut(codes, ["codes.2", "U8", [3, 1], 3])).toBe("CORRUPT_FILE");
    expect(laidOut(codes, ["codes.1", "U8", [3, 0], 0])).toBe("CORRUPT_FILE");
    expect(laidOut(["codes", "U8", [3, 0], 0])).toBe("CORRUPT_FILE");
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
