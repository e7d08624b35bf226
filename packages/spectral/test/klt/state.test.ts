/** What codes and states of strangers are refused for. */
import type { CodecState, Metric } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { type SpectralCodec, spectral } from "../../src/index.ts";
import { codeOf, falling } from "./data.ts";

const dim = 24;
const sample = falling(400, dim, 7);
const rows = falling(40, dim, 8);

function trained(metric: Metric = "cosine"): SpectralCodec {
  return spectral.train(sample, { dim, bytes: 9, metric });
}

describe("verifyCodes refuses", () => {
  const refused = (codec: SpectralCodec, change: (bytes: Uint8Array, view: DataView) => void): void => {
    const c = codec.encode(rows);
    codec.verifyCodes(c);
    const at = 5 * codec.stride;
    change(c.bytes.subarray(at, at + codec.stride), new DataView(c.bytes.buffer, at, codec.stride));
    expect(() => codec.verifyCodes(c, 100)).toThrow(
      expect.objectContaining({ code: "CORRUPT_CODES", details: expect.objectContaining({ row: 105 }) }),
    );
  };

  test("other bytes in a row of scalar 0", () => {
    refused(trained(), (bytes) => bytes.fill(0, 8));
    refused(trained("l2"), (bytes) => bytes.fill(0, 4, 5));
  });

  test.each([Number.NaN, -1, -0, Infinity])("the squared length %s", (x) => {
    refused(trained("l2"), (_, view) => view.setFloat32(5, x, true));
  });
});

describe("restore refuses", () => {
  const state = trained().state();
  const altered = (name: string, change: (bytes: Uint8Array, floats: Float32Array) => void): string => {
    const tensor = state.tensors[name];
    const bytes = tensor.bytes.slice();
    change(bytes, tensor.dtype === "F32" ? new Float32Array(bytes.buffer) : new Float32Array());
    const tensors = { ...state.tensors, [name]: { ...tensor, bytes } };
    return codeOf(() => spectral.restore({ ...state, tensors }));
  };

  test("nothing of a state as it is", () => {
    const codec = spectral.restore(state);
    expect(codec.state()).toEqual(state);
    expect(codec.encode(rows).bytes).toEqual(trained().encode(rows).bytes);
    expect(altered("bits", () => {})).toBe("no error");
  });

  test("tensors that are missing, and those of other bytes or of another basis", () => {
    for (const name of Object.keys(state.tensors)) {
      const { [name]: _, ...tensors } = state.tensors;
      expect(codeOf(() => spectral.restore({ ...state, tensors }))).toBe("CORRUPT_FILE");
    }
    const params: CodecState["params"] = { bytes: 10, quantizer: "trellis" };
    expect(codeOf(() => spectral.restore({ ...state, params }))).toBe("CORRUPT_FILE");
    const { basis } = spectral.train(sample, { dim, bytes: 12 }).state().tensors;
    expect(codeOf(() => spectral.restore({ ...state, tensors: { ...state.tensors, basis } }))).toBe(
      "CORRUPT_FILE",
    );
  });

  test("bits that descend, are 0 or more than 7, or don't fill the bytes", () => {
    expect(altered("bits", (bytes) => bytes.reverse())).toBe("CORRUPT_FILE");
    expect(altered("bits", (bytes) => bytes.fill(0, 0, 1))).toBe("CORRUPT_FILE");
    expect(altered("bits", (bytes) => bytes.fill(8, bytes.length - 1))).toBe("CORRUPT_FILE");
    expect(altered("bits", (bytes) => bytes.fill(7, bytes.length - 1))).toBe("CORRUPT_FILE");
  });

  test("axes of zeros, or with -128", () => {
    expect(altered("basis", (bytes) => bytes.fill(0, 0, dim))).toBe("CORRUPT_FILE");
    expect(altered("basis", (bytes) => bytes.fill(0x80, 0, 1))).toBe("CORRUPT_FILE");
  });

  test.each([Number.NaN, Infinity, 0, -1, 2 ** -51, 2 ** 51])("the deviation %s", (x) => {
    expect(altered("sigma", (_, floats) => floats.fill(x, 0, 1))).toBe("CORRUPT_FILE");
  });

  test.each([Number.NaN, Infinity, -(2 ** 51)])("%s in the mean", (x) => {
    expect(altered("mean", (_, floats) => floats.fill(x, 0, 1))).toBe("CORRUPT_FILE");
  });

  test.each([Number.NaN, Infinity, -1])("%s as an error", (x) => {
    expect(altered("error", (_, floats) => floats.fill(x, 0, 1))).toBe("CORRUPT_FILE");
    expect(altered("fit", (_, floats) => floats.fill(x, 1))).toBe("CORRUPT_FILE");
  });

  test("scalars that aren't 0 and then ascending, positive and finite", () => {
    expect(altered("scalar", (_, floats) => floats.fill(1, 0, 1))).toBe("CORRUPT_FILE");
    expect(altered("scalar", (_, floats) => floats.fill(floats[9], 10, 11))).toBe("CORRUPT_FILE");
  });
});
