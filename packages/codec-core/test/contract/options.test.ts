import { describe, expect, test } from "vitest";
import { nearestName } from "../../src/contract/nearest-name.ts";
import { type OptionSchema, readOptions } from "../../src/contract/options.ts";
import { CodecRegistry } from "../../src/contract/registry.ts";

const schema: OptionSchema = {
  bits: { type: "integer", default: 4, min: 1, max: 8, about: "bits a dimension" },
  clip: { type: "number", default: 0.5, min: 0, max: 1, about: "share that is clipped" },
  center: { type: "boolean", default: true, about: "take the mean away" },
  grid: { type: "choice", default: "lloyd", choices: ["lloyd", "uniform"], about: "levels" },
};

describe("options", () => {
  test("defaults are filled in, text is read as the schema says", () => {
    expect(readOptions(schema, {})).toEqual({ bits: 4, clip: 0.5, center: true, grid: "lloyd" });
    expect(readOptions(schema, { bits: "2", clip: "0.25", center: "false", grid: "uniform" })).toEqual({
      bits: 2,
      clip: 0.25,
      center: false,
      grid: "uniform",
    });
  });

  test.each([
    [{ bits: 9 }],
    [{ bits: 0 }],
    [{ bits: 2.5 }],
    [{ bits: "two" }],
    [{ bits: "" }],
    [{ bits: Number.NaN }],
    [{ clip: 1.5 }],
    [{ center: 1 }],
    [{ grid: "Lloyd" }],
    [{ bit: 4 }],
    [{ constructor: 4 }],
  ])("%o is refused", (given) => {
    expect(() => readOptions(schema, given)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  test("an unknown name comes with the nearest known one", () => {
    expect(() => readOptions(schema, { bit: 4 })).toThrow(/did you mean "bits"/);
    expect(() => readOptions({}, { bits: 4 })).toThrow(/it has none/);
  });
});

describe("nearestName", () => {
  test("finds typing mistakes and nothing else", () => {
    const codecs = ["int8", "turboquant", "spectral"];
    expect(nearestName("in8", codecs)).toBe("int8");
    expect(nearestName("INT8", codecs)).toBe("int8");
    expect(nearestName("turbo-quant", codecs)).toBe("turboquant");
    expect(nearestName("zstd-19-long", codecs)).toBeUndefined();
  });
});

describe("a registry", () => {
  test("loads a family when it is asked for, and only then", async () => {
    let loaded = 0;
    const family = { name: "int8" } as never;
    const registry = new CodecRegistry({
      int8: () => {
        loaded++;
        return family;
      },
    });
    expect(registry.names).toEqual(["int8"]);
    expect(loaded).toBe(0);
    expect(await registry.get("int8")).toBe(family);
    expect(loaded).toBe(1);
    await expect(registry.get("int9")).rejects.toThrow(/did you mean "int8"/);
    await expect(registry.get("toString")).rejects.toMatchObject({ code: "UNKNOWN_CODEC" });
  });
});
