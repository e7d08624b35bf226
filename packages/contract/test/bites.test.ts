/** The suite bites: every deliberately broken codec is caught by the law that names its fault. */
import { backendReport, kernels } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { CODEC_LAWS, codecContract, type TestFunction } from "../src/index.ts";
import { brokenAsyncs } from "./broken/asyncs.ts";
import { breakCodec } from "./broken/breaking.ts";
import { brokenEncoders } from "./broken/encoders.ts";
import { brokenManifests } from "./broken/manifests.ts";
import { brokenReaders } from "./broken/readers.ts";
import { brokenScorers } from "./broken/scorers.ts";
import { brokenStates } from "./broken/states.ts";
import { brokenSymmetry } from "./broken/symmetric.ts";
import { collect } from "./collect.ts";
import { mutual } from "./reference-codecs.ts";

const BROKEN = [
  ...brokenManifests,
  ...brokenEncoders,
  ...brokenReaders,
  ...brokenScorers,
  ...brokenStates,
  ...brokenSymmetry,
  ...brokenAsyncs,
];
const dims = [1, 3, 16, 17];

/** Without what the suite runs again over wrappers. */
function plainly(t: TestFunction): TestFunction {
  return (name, fn) =>
    name.includes(", ") && / (saved and reloaded|resident), /.test(name) ? undefined : t(name, fn);
}

describe("a codec that", () => {
  test.each(BROKEN)("$fault breaks $law", async ({ family, law }) => {
    const options = family.name === "grid" ? [{}, { levels: 7 }] : {};
    const register = (t: TestFunction): void =>
      codecContract({ test: plainly(t), family, options, dims, backends: ["typescript"] });
    const { failures } = await collect(register, law);
    expect([...failures.keys()]).toContain(law);
    expect(failures.get(law)?.message).toMatch(
      new RegExp(`^\\[${law}\\] ${family.name}.* on portable/typescript, dim \\d+, seed 20260101: `),
    );
  });

  const native = backendReport().available.length > 0;
  test.skipIf(!native)("differs between backends breaks the backend laws", async () => {
    const family = breakCodec(mutual, (codec) => {
      const off = (): number => (kernels().backend === "native" ? 1 : 0);
      return {
        encode(v) {
          const c = codec.encode(v);
          return { ...c, bytes: c.bytes.map((b, i) => (i % codec.stride === 0 ? b ^ off() : b)) };
        },
        decode(c) {
          const decoded = codec.decode(c);
          return { ...decoded, data: decoded.data.map((x) => x * (1 + off() * 1e-4)) };
        },
        symmetricScorer(metric) {
          const scorer = codec.symmetricScorer!(metric);
          return {
            metric,
            scoreInto(query, c, out) {
              scorer.scoreInto(query, c, out);
              for (let i = 0; i < out.length; i++) out[i] *= 1 + off() * 1e-4;
            },
          };
        },
        scorer(metric) {
          const scorer = codec.scorer(metric);
          return {
            ...scorer,
            prepare(query) {
              const prepared = scorer.prepare(query);
              return {
                ...prepared,
                scoreInto(c, out) {
                  prepared.scoreInto(c, out);
                  for (let i = 0; i < out.length; i++) out[i] *= 1 + off() * 1e-4;
                },
              };
            },
          };
        },
      };
    });
    for (const law of ["backend.codes", "backend.decode", "backend.scores", "backend.symmetric"]) {
      const register = (t: TestFunction): void =>
        codecContract({ test: plainly(t), family, dims, backends: ["native"] });
      const { failures } = await collect(register, law);
      expect([...failures.keys()]).toContain(law);
    }
  });
});

test("every law catches some broken codec", () => {
  const caught = new Set(BROKEN.map(({ law }) => law));
  const laws = Object.keys(CODEC_LAWS).filter((law) => !law.startsWith("backend."));
  expect(laws.filter((law) => !caught.has(law))).toEqual([]);
});
