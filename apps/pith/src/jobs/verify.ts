/** Everything that can be wrong in a file, asked in turn; the first fault is thrown. */
import { checkFinite, type PithInfo } from "@pith/codec-core";
import { openPith } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { codeBlocks, originalBlocks, restoreCodec } from "./code-blocks.ts";

const BLOCK_ROWS = 8192;

/** @throws CORRUPT_FILE, CHECKSUM_MISMATCH, CORRUPT_CODES, DUPLICATE_ID, NOT_FINITE, and what opening throws */
export async function verify(
  path: string,
  signal?: AbortSignal,
): Promise<{ info: PithInfo; checks: string[] }> {
  await using file = await openPith(path, { verify: "full" });
  const checks = ["structure", "metadata", "checksums"];
  const { info } = file;
  if (info.codec) {
    const codec = await restoreCodec(file);
    checks.push("codec state");
    let row = 0;
    for await (const block of codeBlocks(file, codec, { blockRows: BLOCK_ROWS })) {
      abortIf(signal);
      codec.verifyCodes?.(block, row);
      row += block.count;
    }
    checks.push("codes");
  }
  if (file.has("vectors")) {
    let row = 0;
    for await (const block of originalBlocks(file, { blockRows: BLOCK_ROWS })) {
      abortIf(signal);
      checkFinite(block.data, block.dim, row);
      row += block.count;
    }
    checks.push("vectors");
  }
  const ids = await file.ids();
  if (ids) {
    ids.checkUnique();
    checks.push("ids");
  }
  return { info, checks };
}
