import { describe, expect, test } from "vitest";
import { parseHeader, parsePith } from "../../src/index.ts";
import { plainCodes, prefixed, rawBytes, withHeader } from "./raw-file.ts";
import { refusal } from "./refusal.ts";

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
    // The checksum's own key must stay where `rawBytes` looks for it.
    const edit = (header: string): string =>
      text(header).replace('"header_crc32c" :\n\t', '"header_crc32c":');
    expect(refusal(() => parsePith(rawBytes(plainCodes(), edit)))).toBe("accepted");
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
