/**
 * Whatever is wrong with the input: exit code 2, one line on standard error that names what is wrong and where, nothing on
 * standard output, and every file as it was (an old file at the target too).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serializePith } from "@pith/codec-core";
import { test } from "vitest";
import { int8Contents, npy, put, tiny } from "./inputs.ts";
import { expectFailure, folder } from "./pith.ts";

/** Files that nothing is wrong with. */
export const good = {
  "in.npy": npy(tiny),
  "a.pith": serializePith(int8Contents(tiny, { metric: "cosine" })),
  "named.pith": serializePith(int8Contents(tiny, { ids: ["one", "two", "three", "four"] })),
  "q.npy": npy(tiny),
  "ids.txt": "one\ntwo\nthree\nfour\n",
  "qrels.tsv": "one\ttwo\t1\n",
  "out.pith": "what was there before",
  "out.npy": "what was there before",
};

export const COMPRESS: readonly string[] = ["compress", "in.npy", "-o", "out.pith"];

/** A test of its own for each: the command on the good files, with these in their place. */
export function refused(
  name: string,
  args: readonly string[],
  code: string,
  line: RegExp,
  files: { readonly [name: string]: Uint8Array | string } = {},
): void {
  test(name, async () => {
    const cwd = folder();
    put(cwd, { ...good, ...files });
    mkdirSync(join(cwd, "folder"));
    await expectFailure(cwd, args, 2, code, line);
  });
}
