/** The portable kernels: every one in TypeScript. */
import type { Kernels } from "./kernels.ts";

export const portable: Kernels = undefined as unknown as Kernels;
