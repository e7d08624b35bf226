/** Everything that can be wrong in a file, asked in turn; the first fault is thrown. */
import type { PithInfo } from "@pith/codec-core";
import { openPith, type PithFile, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, checkBlock, codeBlocks, originalBlocks, restoreCodec } from "./code-blocks.ts";

/** @throws CORRUPT_FILE, CHECKSUM_MISMATCH, CORRUPT_CODES, DUPLICATE_ID, NOT_FINITE, and what opening throws */
export async function verify(
  path: string,
  signal?: AbortSignal,
): Promise<{ info: PithInfo; checks: string[] }> {
  await using file = await openPith(path, { verify: "full" });
  try {
    const checks = ["structure", "metadata", "checksums", ...(await verifyContent(file, signal))];
    return { info: file.info, checks };
  } catch (error) {
    throw withPath(error, path);
  }
}

async function verifyContent(file: PithFile, signal: AbortSignal | undefined): Promise<string[]> {
  const checks: string[] = [];
  const { info } = file;
  const inBlocks = { blockRows: blockRows(info.dim) };
  for (const tensor of ["codes", "rescore.codes"] as const) {
    if (!file.has(tensor)) continue;
    const codec = await restoreCodec(file, tensor);
    checks.push(tensor === "codes" ? "codec state" : "rescore codec state");
    let row = 0;
    for await (const block of codeBlocks(file, codec, inBlocks, tensor)) {
      abortIf(signal);
      codec.verifyCodes?.(block, row);
      row += block.count;
    }
    checks.push(tensor);
  }
  if (file.has("vectors")) {
    let row = 0;
    for await (const block of originalBlocks(file, inBlocks)) {
      abortIf(signal);
      checkBlock(file.path, block, row);
      row += block.count;
    }
    checks.push("vectors");
  }
  const ids = await file.ids();
  if (ids) {
    ids.checkUnique();
    checks.push("ids");
  }
  return checks;
}
