/**
 * Loads the native addon and wraps it as `Kernels`. Never throws: where the addon can't load, everything works on
 * TypeScript and `pith doctor` prints the reason.
 */
import type { Isa, Kernels } from "./kernels.ts";

export type Native =
  | { readonly isas: readonly Isa[]; kernels(isa: Isa): Kernels }
  | { readonly reason: string };

export function loadNative(): Native {
  return { reason: "not built" };
}
