import { SafeFile, type WriteOptions } from "./safe-file.ts";

/**
 * Writes bytes, or pieces one after another, as a whole file: the old one stays until the new one is safe.
 * @throws NOT_A_FILE, IO, ABORTED, and whatever the pieces throw; the old file is untouched then
 */
export async function atomicWriteFile(
  path: string,
  content: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const pieces = content instanceof Uint8Array ? [content] : content;
  await using file = await SafeFile.create(path, 0, options);
  let at = 0;
  for await (const piece of pieces) {
    await file.write(piece, at);
    at += piece.length;
  }
  await file.commit();
}
