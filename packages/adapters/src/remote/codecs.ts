/** The codecs of Pith, each loaded when a collection or a caller asks for it. */
import { type CodecLoader, CodecRegistry } from "@pith/codec-core";

export const LOADERS: { readonly [name: string]: CodecLoader } = {
  int8: async () => (await import("@pith/int8")).int8,
  binary: async () => (await import("@pith/int8/binary")).binary,
  turboquant: async () => (await import("@pith/turboquant")).turboquant,
  "turboquant-spec": async () => (await import("@pith/turboquant")).turboquantSpec,
  spectral: async () => (await import("@pith/spectral")).spectral,
  "spectral-dft": async () => (await import("@pith/spectral")).spectralDft,
};

export const defaultCodecs: CodecRegistry = new CodecRegistry(LOADERS);
