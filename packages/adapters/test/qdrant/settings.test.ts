import { type Codec, type Metric, vectors } from "@pith/codec-core";
import { int8 } from "@pith/int8";
import { binary } from "@pith/int8/binary";
import { turboquant } from "@pith/turboquant";
import type { QdrantClient } from "@qdrant/js-client-rest";
import { describe, expect, expectTypeOf, test } from "vitest";
import { int8Shared, type QdrantLike, type QdrantSettings, sharedScale } from "../../src/qdrant/index.ts";
import { chooseSettings, collectionBody, verifySettings } from "../../src/qdrant/settings.ts";
import { signedOf, unsignedOf, unsignedQuery } from "../../src/qdrant/shared-scale.ts";
import type { CollectionPlan, Mode } from "../../src/remote/database.ts";
import { seeded } from "../remote/inputs.ts";

const dim = 384;

function plan(mode: Mode, codec: Codec = int8.create({ dim }), given: QdrantSettings = {}): CollectionPlan {
  const intent = { mode, dim: codec.dim, metric: codec.metric, codec };
  return { ...intent, native: chooseSettings(intent, given) };
}

/** What a server says that does as it was told. */
function answer(of: CollectionPlan): {
  params: { vectors: { [name: string]: unknown } };
  quantization_config: unknown;
} {
  const { vectors, quantization_config } = collectionBody(of) as {
    vectors: object;
    quantization_config?: unknown;
  };
  return { params: { vectors: { ...vectors } }, quantization_config: quantization_config ?? null };
}

test("Qdrant's client is one that the adapter takes", () => {
  expectTypeOf<QdrantClient>().toExtend<QdrantLike>();
});

describe("the server's own quantizer", () => {
  const shared = (d: number, metric: Metric = "l2"): Codec => int8Shared.create({ dim: d, metric });
  for (const [name, codec, quantizer] of [
    ["int8", int8.create({ dim }), "int8"],
    ["8 bits", turboquant.create({ dim, bits: 8 }), "int8"],
    ["4 bits", turboquant.create({ dim, bits: 4 }), "turbo4"],
    ["3 bits", turboquant.create({ dim, bits: 3 }), "turbo4"],
    ["2 bits", turboquant.create({ dim, bits: 2 }), "turbo2"],
    ["1 bit", turboquant.create({ dim, bits: 1 }), "turbo1"],
    ["binary", binary.create({ dim }), "turbo1"],
  ] as const)
    test(`is fitted to the codec's rate: ${name} gives ${quantizer}`, () => {
      expect(plan("server", codec).native).toMatchObject({ quantizer, rescore: true, datatype: "float16" });
      // Beside codes of ours the server needs none, unless it is told.
      expect(plan("sidecar", codec).native).toMatchObject({ quantizer: "none", rescore: false });
      expect(plan("sidecar", codec, { quantizer: "fit" }).native).toMatchObject({ quantizer });
    });

  test("is read back as what it is", () => {
    for (const quantizer of ["none", "int8", "turbo4", "turbo2", "turbo1.5", "turbo1", "binary"] as const) {
      const wanted = plan("server", undefined, { quantizer, datatype: "float32", onDisk: true });
      expect(verifySettings("c", wanted, answer(wanted))).toMatchObject({
        quantizer,
        datatype: "float32",
        onDisk: true,
      });
    }
  });

  test("left out by a server that answers in full or in brief is a default", () => {
    const wanted = plan("server", turboquant.create({ dim, bits: 4 }), { datatype: "float32" });
    const brief = {
      params: { vectors: { size: dim, distance: "Cosine" } },
      quantization_config: { turbo: {} },
    };
    expect(verifySettings("c", wanted, brief)).toMatchObject({ quantizer: "turbo4", datatype: "float32" });
  });

  test("options that are none are refused, with the nearest", () => {
    for (const given of [{ quantizer: "turbo3" }, { datatype: "uint8" }, { oversampling: 0 }] as never[])
      expect(() => plan("server", undefined, given)).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION" }),
      );
    expect(() => plan("server", undefined, { quantizer: "turbo3" } as never)).toThrow(/did you mean "turbo/);
  });

  for (const [name, change, code] of [
    ["another dim", (a) => (a.params.vectors["size"] = 383), "DIM_MISMATCH"],
    ["another metric", (a) => (a.params.vectors["distance"] = "Dot"), "COLLECTION_MISMATCH"],
    ["another datatype", (a) => (a.params.vectors["datatype"] = "uint8"), "COLLECTION_MISMATCH"],
    ["no quantizer", (a) => (a.quantization_config = null), "COLLECTION_MISMATCH"],
    [
      "another quantizer",
      (a) => (a.quantization_config = { turbo: { bits: "bits2" } }),
      "COLLECTION_MISMATCH",
    ],
    ["a quantizer that nobody knows", (a) => (a.quantization_config = { rabbit: {} }), "COLLECTION_MISMATCH"],
    ["named vectors", (a) => (a.params.vectors = { text: { size: dim } }), "DIM_MISMATCH"],
  ] as const satisfies readonly (readonly [string, (a: ReturnType<typeof answer>) => unknown, string])[])
    test(`a server that reports ${name} is refused`, () => {
      const wanted = plan("server");
      const said = answer(wanted);
      change(said);
      expect(() => verifySettings("c", wanted, said)).toThrow(expect.objectContaining({ code }));
    });

  test("a collection with vectors isn't one of codes alone", () => {
    expect(() => verifySettings("c", plan("payload"), answer(plan("server")))).toThrow(
      expect.objectContaining({ code: "COLLECTION_MISMATCH" }),
    );
    expect(verifySettings("c", plan("payload"), { params: {} })).toEqual({ vectors: "none" });
  });

  test("codes are vectors under l2 and with one scale alone, and the refusal says why", () => {
    expect(plan("code-as-vector", shared(dim)).native).toMatchObject({
      datatype: "uint8",
      quantizer: "none",
    });
    for (const [codec, why] of [
      [int8.create({ dim }), /a shift changes cosine and dot/],
      [int8.create({ dim, metric: "dot" }), /a shift changes cosine and dot/],
      [int8.create({ dim, metric: "l2" }), /scales of their own don't compare/],
    ] as const) {
      expect(() => plan("code-as-vector", codec)).toThrow(expect.objectContaining({ code: "NOT_SUPPORTED" }));
      expect(() => plan("code-as-vector", codec)).toThrow(why);
    }
  });
});

describe("codes of one scale", () => {
  test("a shift by 128 changes no distance", () => {
    const v = seeded(50, 9);
    const codec = int8Shared.create({ dim: 9, metric: "l2", scale: sharedScale(v) } as { dim: number });
    const codes = codec.encode(v);
    const bytes = unsignedOf(codes.bytes);
    expect(Math.min(...bytes)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(255);
    expect(signedOf(bytes)).toEqual(codes.bytes);
    const decoded = codec.decode(codes);
    const scale = codec.state().params["scale"] as number;
    const query = unsignedQuery(v.data.slice(0, 9), scale);
    const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((x, i) => x - b[i]));
    for (let row = 0; row < 50; row++) {
      const [shifted, plain] = [bytes, decoded.data].map((data) => data.slice(9 * row, 9 * row + 9));
      expect(distance(shifted, query) * scale).toBeCloseTo(distance(plain, decoded.data.slice(0, 9)), 5);
    }
  });

  test("the scale is the largest element's; what is beyond it is refused, not cut off", () => {
    const v = vectors(Float32Array.of(1, -2, 0, 0.5), 2);
    expect(sharedScale(v)).toBeCloseTo(2 / 127, 8);
    const codec = int8Shared.create({ dim: 2, metric: "l2", scale: sharedScale(v) } as { dim: number });
    expect([...codec.encode(v).bytes]).toEqual([64, 129, 0, 32]);
    expect(() => codec.encode(vectors(Float32Array.of(2.1, 0), 2))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  test("a vector that no code made is refused", () => {
    for (const bad of [0, 256, 1.5, Number.NaN])
      expect(() => signedOf(Float32Array.of(bad))).toThrow(
        expect.objectContaining({ code: "CORRUPT_CODES" }),
      );
  });
});
