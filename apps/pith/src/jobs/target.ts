import { stat } from "node:fs/promises";
import { PithError } from "@pith/codec-core";
import { withPath } from "@pith/codec-core/files";

/** @throws INVALID_ARGUMENT where the target is the input: what compression loses couldn't be had back */
export async function checkTarget(input: string, output: string): Promise<void> {
  const [a, b] = await Promise.all(
    [input, output].map((path) => stat(path, { bigint: true }).catch(() => null)),
  );
  if (a && b && a.dev === b.dev && a.ino === b.ino)
    throw withPath(
      new PithError("INVALID_ARGUMENT", "expected another file than the input to write"),
      output,
    );
}
