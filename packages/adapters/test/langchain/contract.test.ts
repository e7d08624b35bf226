/** PithVectorStore keeps the contract of vector stores: every codec, in memory and in a folder, with and without rescoring. */

import { isPithError, vectorsFromRows } from "@pith/codec-core";
import { fixtureEmbeddings, type StoreSupports, vectorStoreContract } from "@pith/contract";
import { spectral, spectralDft } from "@pith/spectral";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { PithOpenOptions, PithStoreOptions, PithVectorStore } from "../../src/langchain/index.ts";
import { copiedFolder, inFolder, inMemory, removeFolders } from "./makers.ts";
import { normalRows } from "./normal-rows.ts";

vi.setConfig({ testTimeout: 60_000 });
afterAll(removeFolders);

describe("documents held as float32, fewer than are encoded,", () => {
  const options: PithOpenOptions = { encodeFrom: 5000 };
  vectorStoreContract({ test, name: "int8 in memory", dims: [1, 2, 6, 64], ...inMemory(options) });
  vectorStoreContract({ test, name: "int8 in a folder", dims: [6], ...inFolder(options) });
});

/** How far a cosine may be off, of 6 dims. Infinity: a bit a coordinate, or a few Fourier coefficients, promise nothing. */
const ERRORS = {
  int8: 0.01,
  binary: Infinity,
  turboquant: 0.12,
  "turboquant-spec": 0.12,
  spectral: 0.6,
  "spectral-dft": Infinity,
};

// The law of a thousand points goes beyond the number from which on documents are encoded.
describe("codecs by name, with no other option", () => {
  for (const [codec, scoreError] of Object.entries(ERRORS))
    vectorStoreContract({ test, name: codec, dims: [6], ...inMemory({ codec }, { scoreError }) });
});

interface Coded extends PithStoreOptions {
  readonly name: string;
  /** How far a cosine may be off at the dims tried. */
  readonly error: number;
  readonly dims?: readonly number[];
}

const learned = { dim: 6, metric: "cosine" } as const;
const sample = vectorsFromRows(normalRows(600, 6));
const CODED: readonly Coded[] = [
  { name: "int8", codec: "int8", error: 0.01 },
  { name: "turboquant, 8 bits", codec: "turboquant", codecOptions: { bits: 8 }, error: 0.01 },
  { name: "turboquant, 4 bits", codec: "turboquant", codecOptions: { bits: 4 }, error: 0.12 },
  { name: "turboquant, 2 bits", codec: "turboquant", codecOptions: { bits: 2 }, error: 0.6 },
  { name: "turboquant, 1 bit", codec: "turboquant", codecOptions: { bits: 1 }, error: Infinity },
  { name: "turboquant-spec", codec: "turboquant-spec", error: 0.12 },
  { name: "binary", codec: "binary", error: Infinity },
  { name: "spectral", codec: spectral.train(sample, { ...learned, bytes: 4 }), error: 0.5, dims: [6] },
  { name: "spectral-dft", codec: spectralDft.train(sample, learned), error: Infinity, dims: [6] },
];

/** From fine to coarse, and one that learns. */
const RESCORED = ["int8", "turboquant, 4 bits", "turboquant, 1 bit", "spectral"];

describe("documents held as codes from the first", () => {
  for (const { name, error, dims = [1, 6, 17], ...options } of CODED) {
    const coded: PithStoreOptions = { ...options, encodeFrom: 0 };
    const off: Partial<StoreSupports> = { scoreError: error };
    vectorStoreContract({ test, name: `${name} in memory`, dims, ...inMemory(coded, off) });
    if (!RESCORED.includes(name)) continue;
    // Scores are those of the vectors that are kept; which hits are scored again is up to the codes.
    const kept: Partial<StoreSupports> = { scoreError: 2 ** -10, exact: error <= 0.01 };
    const rescored = inMemory({ ...coded, rescore: true, oversample: 8 }, kept);
    vectorStoreContract({ test, name: `${name} in memory, rescored,`, dims: dims.slice(-1), ...rescored });
  }
  vectorStoreContract({
    test,
    name: "int8 from 20 documents on",
    dims: [6],
    ...inMemory({ encodeFrom: 20 }, { scoreError: 0.01 }),
  });
  const rescored: [string, Partial<PithStoreOptions>, number][] = [
    ["float32", { rescore: "f32" }, 0],
    ["int8", { rescore: "int8" }, 0.01],
  ];
  for (const [kind, rescore, scoreError] of rescored) {
    const options: PithStoreOptions = { codec: "turboquant", encodeFrom: 0, ...rescore };
    const maker = inMemory(options, { scoreError, exact: false });
    vectorStoreContract({ test, name: `turboquant rescored by ${kind}`, dims: [6, 64], ...maker });
  }
});

describe("other metrics and scores", () => {
  for (const metric of ["dot", "l2"] as const)
    for (const encodeFrom of [0, 5000]) {
      const supports = { metric, scoreError: encodeFrom === 0 ? 0.01 : 0 };
      const name = `int8 ${metric}, encoded from ${encodeFrom} documents`;
      vectorStoreContract({ test, name, dims: [2, 17], ...inMemory({ metric, encodeFrom }, supports) });
    }
  for (const metric of ["cosine", "l2"] as const) {
    const maker = inMemory(
      { metric, scoreKind: "distance", encodeFrom: 5000 },
      { metric, scores: "distance" },
    );
    vectorStoreContract({ test, name: `distances, ${metric}`, dims: [6], ...maker });
  }
});

describe("documents in a folder", () => {
  const stores: [string, PithOpenOptions, Partial<StoreSupports>][] = [
    ["int8", { encodeFrom: 0 }, { scoreError: 0.01 }],
    ["int8, compacted often", { encodeFrom: 0, compactAfter: 3 }, { scoreError: 0.01 }],
    [
      "turboquant, rescored, compacted often",
      { codec: "turboquant", encodeFrom: 2, rescore: true, compactAfter: 2 },
      { scoreError: 2 ** -10, exact: false },
    ],
    // It learns from the first 256 documents, in the law of a thousand points alone.
    ["spectral", { codec: "spectral" }, { scoreError: 0.6 }],
  ];
  for (const [name, options, supports] of stores)
    vectorStoreContract({ test, name: `${name} in a folder`, dims: [6], ...inFolder(options, supports) });
});

describe("a folder of which a part is gone is refused when it is opened, not later:", () => {
  const options: PithOpenOptions = { encodeFrom: 0, compactAfter: 1_000_000 };
  const fill = async (store: PithVectorStore): Promise<void> => {
    const texts = ["foo", "bar", "baz", "qux", "quux", "corge"];
    const documents = texts.map((pageContent, n) => ({
      pageContent,
      metadata: { n, long: "x".repeat(3000) },
    }));
    await store.addDocuments(documents, { ids: texts });
    await store.compact();
    await store.delete({ ids: ["baz"] });
    await store.addDocuments([{ pageContent: "new foo", metadata: {} }], { ids: ["foo"] });
  };

  /** Texts that are found, or the error's code. */
  const opened = async (open: Promise<PithVectorStore>): Promise<string> => {
    try {
      await using store = await open;
      return (await store.similaritySearch("new foo", 99))
        .map((d) => d.pageContent)
        .sort()
        .join();
    } catch (error) {
      if (isPithError(error)) return "refused";
      throw error;
    }
  };
  const all = "bar,corge,new foo,quux,qux";

  /** Lengths at pages, in a header, and just before the end. */
  const lengths = (length: number): number[] => {
    const pages = Array.from({ length: Math.ceil(length / 4096) }, (_, page) => page * 4096);
    return [...pages, 1, 99, length >> 1, length - 4, length - 1].filter((cut) => cut < length);
  };

  test("copied after it was closed", async () => {
    const { files, open } = await copiedFolder(fixtureEmbeddings, options, fill, false);
    expect([...files.keys()].map((name) => name.replace(/-[0-9a-f]+/, "")).sort()).toEqual([
      "codes.pith.safetensors",
      "store.sqlite",
    ]);
    expect(await opened(open(files))).toBe(all);
    const taken: string[] = [];
    for (const [name, bytes] of files) {
      const missing = new Map([...files].filter(([other]) => other !== name));
      if ((await opened(open(missing))) !== "refused") taken.push(`without ${name}`);
      for (const cut of lengths(bytes.length)) {
        const part = new Map([...files, [name, bytes.slice(0, cut)]]);
        const found = await opened(open(part));
        if (found !== "refused") taken.push(`${name} cut to ${cut} of ${bytes.length} bytes: ${found}`);
      }
    }
    expect(taken).toEqual([]);
  });

  // Pages that stand in the log aren't missed in the database. A log that ends early is what a power cut leaves.
  test("copied while it was open: refused, or as it was after some change", async () => {
    const { files, open } = await copiedFolder(fixtureEmbeddings, options, fill, true);
    const states = ["bar,baz,corge,foo,quux,qux", "bar,corge,foo,quux,qux", all];
    expect(await opened(open(files))).toBe(all);
    const taken: string[] = [];
    for (const [name, bytes] of files) {
      const missing = new Map([...files].filter(([other]) => other !== name));
      if ((await opened(open(missing))) !== "refused") taken.push(`without ${name}`);
      const log = name.endsWith("-wal");
      for (const cut of lengths(bytes.length)) {
        const part = new Map([...files, [name, bytes.slice(0, cut)]]);
        const found = await opened(open(part));
        const right = log && cut > bytes.length / 2 ? states : log ? ["", ...states] : [all];
        if (found === "refused" || (right.includes(found) && cut > 0)) continue;
        taken.push(`${name} cut to ${cut} of ${bytes.length} bytes: ${found}`);
      }
    }
    expect(taken).toEqual([]);
  });
});
