/** `pith search FILE`: the nearest vectors to queries from a file, or to a vector of the file itself. */
import { PithError, type Vectors } from "@pith/codec-core";
import { openPith, openVectors, withPath } from "@pith/codec-core/files";
import type { Command } from "commander";
import { checkBlock, restoreCodec } from "../jobs/code-blocks.ts";
import { OVERSAMPLE } from "../jobs/rescore.ts";
import { rowOfId, searchFile, vectorOfRow } from "../jobs/search.ts";
import { command, integerOption, numberOption } from "../terminal/command.ts";

interface Options {
  queries?: string;
  like?: string;
  k: number;
  rescore?: boolean;
  oversample?: number;
  trust?: boolean;
  map: boolean;
}

export const searchCommand: Command = command<[string], Options>(
  "search",
  "search a compressed file without unpacking it",
  (c) =>
    c
      .argument("<file>", "a Pith file of codes")
      .option("-q, --queries <file>", "vectors to search for, in any format")
      .option("-l, --like <id>", "search for what is like this vector of the file (which is left out)")
      .addOption(integerOption("-k <number>", "hits for each query", 1).default(10))
      .option("--rescore", "score the best hits again with what compress --keep kept")
      .addOption(
        numberOption(
          "--oversample <number>",
          `hits that are scored again for each wanted one; default ${OVERSAMPLE}`,
          1,
        ),
      )
      .option(
        "--trust",
        "check the header alone, and map the file instead of reading it: for files of your own",
      )
      .option("--no-map", "with --trust: read the file in blocks, as when another program may cut it short"),
  async ({ print, signal }, [path], options) => {
    const { queries: queryPath, like, k, rescore, oversample, trust = false, map } = options;
    if ((queryPath === undefined) === (like === undefined))
      throw new PithError("INVALID_ARGUMENT", "expected either --queries or --like");
    if (oversample !== undefined && !rescore)
      throw new PithError("INVALID_ARGUMENT", "--oversample needs --rescore");
    await using file = await openPith(path, trust ? { verify: "header", map } : {});
    const codec = await restoreCodec(file);
    const except = like === undefined ? undefined : await rowOfId(file, like);
    const queries =
      except === undefined
        ? await readAll(queryPath as string, codec.dim)
        : await vectorOfRow(file, codec, except);
    const hits = await searchFile(file, codec, queries, k, {
      signal,
      except,
      oversample: rescore ? (oversample ?? OVERSAMPLE) : undefined,
    });
    const ids = await file.ids();
    const results = hits.map(({ slots, scores }, q) => ({
      query: like ?? q,
      ids: Array.from(slots, (slot) => jsonId(ids ? ids.at(slot) : slot)),
      scores: Array.from(scores, roundScore),
    }));
    const text = results.map((r) => {
      const lines = r.ids.map((id, i) => `  ${r.scores[i].toFixed(4).padStart(8)}  ${id}`);
      return [`${like === undefined ? "query " : ""}${r.query}`, ...lines].join("\n");
    });
    print(text.join("\n\n"), { results });
  },
);

/** All rows at once. @throws DIM_MISMATCH, NOT_FINITE, EMPTY_INPUT */
export async function readAll(path: string, dim: number): Promise<Vectors> {
  await using source = await openVectors(path);
  if (source.dim !== dim) {
    const text = `expected queries of dim ${dim}, got ${source.dim}`;
    throw withPath(new PithError("DIM_MISMATCH", text, { expected: dim, actual: source.dim }), path);
  }
  for await (const block of source.rows({ blockRows: Math.max(1, source.count) })) {
    checkBlock(path, block, 0);
    return block;
  }
  throw withPath(new PithError("EMPTY_INPUT", "expected queries, got no rows"), path);
}

/** JSON has no 64-bit integers: those go out as text. */
function jsonId(id: string | number | bigint): string | number {
  return typeof id === "bigint" ? String(id) : id;
}

/** The shortest decimal that is the same float32. */
function roundScore(score: number): number {
  return Number(score.toPrecision(9));
}
