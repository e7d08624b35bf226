/**
 * What `pith tune` tries of each codec of the registry: options beyond dim and metric, a line a codec, plainest first. A codec without a line is
 * tried with its defaults; a line for a codec that the registry doesn't have is passed over.
 */

/** Options of a codec. */
export type Setting = { readonly [option: string]: number | boolean | string };

export const SETTINGS: { readonly [codec: string]: readonly Setting[] } = {
  int8: [{}, { rotate: "hadamard" }, { group: 64 }],
  binary: [{}, { centre: true }],
  "turboquant-spec": [{ bits: 2 }, { bits: 4 }],
  turboquant: [...[1, 2, 3, 4].flatMap((bits) => [{ bits }, { bits, trellis: true }]), { bits: 8 }],
  spectral: [{ bytes: 24, quantizer: "scalar" }, { bytes: 24 }, { bytes: 48 }, { bytes: 96 }],
};

/** "int8 group=64" */
export function settingName(codec: string, options: Setting): string {
  return [codec, ...Object.entries(options).map(([name, value]) => `${name}=${value}`)].join(" ");
}
