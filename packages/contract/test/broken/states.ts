import type { CodecState } from "@pith/codec-core";
import { grid, ranges } from "../reference-codecs.ts";
import { type BrokenCodec, breakCodec } from "./breaking.ts";

/** Restores after changing the state in some way. */
function restoresInstead(change: (state: CodecState) => CodecState, family = grid) {
  return { ...family, restore: (state: CodecState) => family.restore(change(state)) };
}

export const brokenStates: readonly BrokenCodec[] = [
  {
    fault: "leaves an option out of its state",
    law: "state.shape",
    family: breakCodec(
      restoresInstead((state) => ({ ...state, params: { levels: 127, ...state.params } })),
      (codec) => ({
        state: () => ({ ...codec.state(), params: {} }),
      }),
    ),
  },
  {
    fault: "restores with the default of an option",
    law: "state.restore",
    family: restoresInstead((state) => ({ ...state, params: { ...state.params, levels: 127 } })),
  },
  {
    fault: "reads tensors from the start of their buffer",
    law: "state.restore",
    family: restoresInstead(
      (state) => ({
        ...state,
        tensors: Object.fromEntries(
          Object.entries(state.tensors).map(([name, t]) => [
            name,
            { ...t, bytes: new Uint8Array(t.bytes.buffer, 0, t.bytes.length) },
          ]),
        ),
      }),
      ranges,
    ),
  },
  {
    fault: "crashes on a state without params",
    law: "state.hostile",
    family: restoresInstead((state) => ({ ...state, params: { levels: state.params["levels"] } })),
  },
  {
    fault: "takes a parameter of another type",
    law: "state.hostile",
    family: restoresInstead((state) =>
      typeof state?.params?.["levels"] === "string" ? { ...state, params: { levels: 127 } } : state,
    ),
  },
  {
    fault: "reads versions that are newer",
    law: "state.hostile",
    family: restoresInstead((state) => (state?.version === 3 ? { ...state, version: 2 } : state)),
  },
  {
    fault: "reads the state of any codec",
    law: "state.hostile",
    family: restoresInstead((state) => (state?.codec === "grid-2" ? { ...state, codec: "grid" } : state)),
  },
  {
    fault: "reads a tensor that is longer than its shape",
    law: "state.hostile",
    family: restoresInstead((state) => {
      const low = state?.tensors?.["low"];
      if (!(low?.bytes instanceof Uint8Array) || !Array.isArray(low.shape)) return state;
      const bytes = low.bytes.subarray(0, 4 * (low.shape[0] ?? 0));
      return { ...state, tensors: { ...state.tensors, low: { ...low, bytes } } };
    }, ranges),
  },
];
