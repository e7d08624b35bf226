/** The codecs that the command knows: an explicit list of lazy loaders, so that one codec's code isn't loaded for another. */
import { type CodecFamily, CodecRegistry } from "@pith/codec-core";

export const codecs: CodecRegistry = new CodecRegistry({
  int8: async (): Promise<CodecFamily> => (await import("@pith/int8")).int8,
  binary: async (): Promise<CodecFamily> => (await import("@pith/int8/binary")).binary,
  "spectral-dft": async (): Promise<CodecFamily> => (await import("@pith/spectral")).spectralDft,
  turboquant: async (): Promise<CodecFamily> => (await import("@pith/turboquant")).turboquant,
  "turboquant-spec": async (): Promise<CodecFamily> => (await import("@pith/turboquant")).turboquantSpec,
  spectral: async (): Promise<CodecFamily> => (await import("@pith/spectral")).spectral,
});
