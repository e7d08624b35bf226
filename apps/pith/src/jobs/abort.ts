import { PithError } from "@pith/codec-core";

/** @throws ABORTED once the signal says so */
export function abortIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PithError("ABORTED", "interrupted; nothing was written");
}
