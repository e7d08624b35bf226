import {
  codecStamp,
  type Metric,
  type PithContents,
  parsePith,
  serializePith,
  stateTensors,
} from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { CONTAINER_LAWS, containerContract } from "../src/index.ts";
import { seededRows } from "../src/sample.ts";
import { brokenContainers, sound } from "./broken/containers.ts";
import { collect } from "./collect.ts";
import { grid, ranges } from "./reference-codecs.ts";
import type { Parts } from "./reference-container.ts";

const samples = {
  "no parts": (): Parts => ({}),
  "three parts": (): Parts => ({
    b: Uint8Array.of(3, 1, 2),
    a: new Uint8Array(0),
    "__proto ä": Uint8Array.of(255),
  }),
};

containerContract({ test, name: "parts", ...sound, samples });

/** A Pith file of codes: an untrained codec, or one with learned tensors. */
function codesFile(count: number, metric: Metric, trained: boolean): PithContents {
  const codec = trained
    ? ranges.train!(seededRows(300, 3, 1), { dim: 3, metric })
    : grid.create({ dim: 3, metric });
  const { bytes, stride } = codec.encode(seededRows(count, 3, 2));
  const state = codec.state();
  return {
    kind: "codes",
    dim: 3,
    count,
    metric,
    codec: codecStamp(state),
    tensors: { codes: { dtype: "U8", shape: [count, stride], bytes }, ...stateTensors(state) },
  };
}

containerContract({
  test,
  name: "Pith file",
  write: serializePith,
  read: parsePith,
  samples: {
    "no codes": () => codesFile(0, "l2", false),
    "five codes": () => codesFile(5, "cosine", false),
    "codes of a trained codec": () => codesFile(4, "dot", true),
  },
  newer(bytes) {
    const text = Buffer.from(bytes).toString("latin1");
    return Uint8Array.from(Buffer.from(text.replace('"pith":"1"', '"pith":"2"'), "latin1"));
  },
});

describe("a container that", () => {
  test.each(brokenContainers)("$fault breaks $law", async ({ law, fault: _, ...broken }) => {
    const { failures, strays } = await collect(
      (t) => containerContract({ test: t, name: "parts", ...sound, ...broken, samples }),
      law,
    );
    expect(strays).toEqual([]);
    expect([...failures.keys()]).toEqual([law]);
    expect(failures.get(law)?.message).toMatch(
      new RegExp(`^\\[${law}\\] parts of (no|three) parts, seed 20260101: `),
    );
  });
});

test("every law catches some broken container", () => {
  const caught = new Set(brokenContainers.map(({ law }) => law));
  expect(Object.keys(CONTAINER_LAWS).filter((law) => !caught.has(law))).toEqual([]);
});
