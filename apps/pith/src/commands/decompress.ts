/** `pith decompress FILE -o OUT`: codes back to vectors. */
import { stat } from "node:fs/promises";
import {
  createVectorsFile,
  formatOfName,
  openPith,
  VECTOR_FORMATS,
  type VectorFormat,
} from "@pith/codec-core/files";
import type { Command } from "commander";
import { abortIf } from "../jobs/abort.ts";
import { blockRows, codeBlocks, restoreCodec } from "../jobs/code-blocks.ts";
import { checkTarget } from "../jobs/target.ts";
import { keptIds } from "../jobs/vector-target.ts";
import { choiceOption, command } from "../terminal/command.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";

interface Options {
  output: string;
  to?: VectorFormat;
  dtype: "f32" | "f16";
}

export const decompressCommand: Command = command<[string], Options>(
  "decompress",
  "decode a Pith file into vectors; of length 1 where its metric is cosine",
  (c) =>
    c
      .argument("<file>", "a Pith file of codes")
      .requiredOption("-o, --output <file>", "the file to write")
      .addOption(
        choiceOption("--to <format>", "its format; default: as its name ends, else npy", VECTOR_FORMATS),
      )
      .addOption(choiceOption("--dtype <width>", "float width", ["f32", "f16"]).default("f32")),
  async ({ json, print, signal, note }, [path], { output, to, dtype }) => {
    const format = to ?? formatOfName(output) ?? "npy";
    await using file = await openPith(path);
    const codec = await restoreCodec(file);
    await checkTarget(path, output);
    const total = file.info.count;
    const progress = json ? undefined : new Progress("decoding", total);
    const named = { hasIds: file.info.idType !== undefined, ids: () => file.ids() };
    const ids = await keptIds(named, output, format, note);
    const plan = { dim: codec.dim, count: total, dtype, ids };
    await using target = await createVectorsFile(output, format, plan, { signal });
    let done = 0;
    try {
      for await (const block of codeBlocks(file, codec, { blockRows: blockRows(codec.dim) })) {
        abortIf(signal);
        await target.write(codec.decode(block));
        progress?.update((done += block.count));
      }
      await target.commit();
    } finally {
      progress?.done();
    }
    const { size } = await stat(output);
    print(`${output}: ${count(total)} x ${codec.dim}, ${dtype}, ${bytes(size)}`, {
      file: output,
      format,
      codec: codec.name,
      dim: codec.dim,
      count: total,
      dtype,
    });
  },
);
