/** `pith decompress FILE -o OUT`: codes back to vectors. */
import { createNpyFile, openPith } from "@pith/codec-core/files";
import type { Command } from "commander";
import { abortIf } from "../jobs/abort.ts";
import { blockRows, codeBlocks, restoreCodec } from "../jobs/code-blocks.ts";
import { checkTarget } from "../jobs/target.ts";
import { choiceOption, command } from "../terminal/command.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";

export const decompressCommand: Command = command<[string], { output: string; dtype: "f32" | "f16" }>(
  "decompress",
  "decode a Pith file into .npy; unit vectors where its metric is cosine",
  (c) =>
    c
      .argument("<file>", "a Pith file of codes")
      .requiredOption("-o, --output <file>", "the .npy file to write")
      .addOption(choiceOption("--dtype <width>", "float width", ["f32", "f16"]).default("f32")),
  async ({ json, print, signal }, [path], { output, dtype }) => {
    await using file = await openPith(path);
    const codec = await restoreCodec(file);
    await checkTarget(path, output);
    const total = file.info.count;
    const progress = json ? undefined : new Progress("decoding", total);
    await using npy = await createNpyFile(output, { dim: codec.dim, count: total, dtype }, { signal });
    let done = 0;
    try {
      for await (const block of codeBlocks(file, codec, { blockRows: blockRows(codec.dim) })) {
        abortIf(signal);
        await npy.write(codec.decode(block));
        progress?.update((done += block.count));
      }
      await npy.commit();
    } finally {
      progress?.done();
    }
    const size = total * codec.dim * (dtype === "f32" ? 4 : 2);
    print(`${output}: ${count(total)} x ${codec.dim}, ${dtype}, ${bytes(size)}`, {
      file: output,
      codec: codec.name,
      dim: codec.dim,
      count: total,
      dtype,
    });
  },
);
