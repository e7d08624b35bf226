/** Opens a file of vectors for a command: passes over text, which take their time, show how far they are. */
import { openVectors, type RowSource } from "@pith/codec-core/files";
import { Progress } from "./progress.ts";

export async function openInput(
  path: string,
  { json, signal }: { readonly json: boolean; readonly signal?: AbortSignal },
): Promise<RowSource> {
  let scan: Progress | undefined;
  const onScan = (done: number, total: number): void => {
    scan ??= json ? undefined : new Progress("reading", total, process.stderr, "bytes");
    scan?.update(done);
    if (done < total) return;
    scan?.done();
    scan = undefined;
  };
  try {
    return await openVectors(path, { signal, onScan });
  } finally {
    scan?.done();
  }
}
