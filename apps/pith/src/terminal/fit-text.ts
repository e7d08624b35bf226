/** What rows lose by codes of what was learned: of rows that were learned from, and of others. Only the second is a promise. */
import type { CodecFit } from "@pith/codec-core";

/** ".238 of rows learned from, .260 of rows held out" */
export function fitText({ trained, heldOut }: CodecFit): string {
  return `${share(trained)} of rows learned from, ${share(heldOut)} of rows held out`;
}

/** Three digits. */
function share(error: number): string {
  return String(Number(error.toPrecision(3)));
}
