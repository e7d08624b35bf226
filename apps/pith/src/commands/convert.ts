/** `pith convert IN -o OUT`: vectors from one format to another. */
import { stat } from "node:fs/promises";
import { VECTOR_FORMATS, type VectorFormat } from "@pith/codec-core/files";
import type { Command } from "commander";
import { convert } from "../jobs/convert.ts";
import { checkTarget } from "../jobs/target.ts";
import { targetFormat } from "../jobs/vector-target.ts";
import { choiceOption, command } from "../terminal/command.ts";
import { openInput } from "../terminal/input.ts";
import { bytes, count, Progress } from "../terminal/progress.ts";

interface Options {
  output: string;
  to?: VectorFormat;
  dtype?: "f32" | "f16";
}

export const convertCommand: Command = command<[string], Options>(
  "convert",
  "write vectors in another format: .npy, .safetensors, Pith, .fvecs, .jsonl, .csv",
  (c) =>
    c
      .argument("<in>", "a file of vectors")
      .requiredOption("-o, --output <file>", "the file to write; an old one stays until the new one is safe")
      .addOption(choiceOption("--to <format>", "its format; default: as its name ends", VECTOR_FORMATS))
      .addOption(choiceOption("--dtype <width>", "float width; default: the input's", ["f32", "f16"])),
  async ({ json, signal, print, note }, [input], { output, to, dtype }) => {
    const format = targetFormat(output, to);
    await checkTarget(input, output);
    await using source = await openInput(input, { json, signal });
    const progress = json ? undefined : new Progress("converting", source.count);
    const onProgress = (rows: number): void => progress?.update(rows);
    const result = await convert({ source, output, format, dtype, note, signal, onProgress }).finally(() =>
      progress?.done(),
    );
    const fileBytes = (await stat(output)).size;
    print(
      `${output}: ${count(source.count)} x ${source.dim}, ${format}, ${result.dtype}, ${bytes(fileBytes)}`,
      {
        file: output,
        format,
        dim: source.dim,
        count: source.count,
        dtype: result.dtype,
        ids: result.ids,
        fileBytes,
      },
    );
  },
);
