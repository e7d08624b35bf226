import { PithError } from "../errors.ts";

/** What a reader is willing to take on. A caller can lower each; a larger value than the default counts as the default. */
export interface Limits {
  /** Bytes of a header. Default 16 MiB. */
  readonly maxHeaderBytes?: number;
  /** Tensors in a file. Default 65,536. */
  readonly maxTensors?: number;
  /** Bytes of a whole file. Default none. */
  readonly maxBytes?: number;
}

export const DEFAULT_LIMITS: Required<Limits> = {
  maxHeaderBytes: 16 * 2 ** 20,
  maxTensors: 65_536,
  maxBytes: Number.MAX_SAFE_INTEGER,
};

/** @throws INVALID_ARGUMENT for a limit that isn't a number from 0 */
export function resolveLimits(limits: Limits = {}): Required<Limits> {
  const pick = (name: keyof Limits): number => {
    const value = limits[name] ?? DEFAULT_LIMITS[name];
    if (typeof value !== "number" || !(value >= 0))
      throw new PithError(
        "INVALID_ARGUMENT",
        `limit ${name}: expected a number from 0, got ${String(value)}`,
      );
    return Math.min(value, DEFAULT_LIMITS[name]);
  };
  return {
    maxHeaderBytes: pick("maxHeaderBytes"),
    maxTensors: pick("maxTensors"),
    maxBytes: pick("maxBytes"),
  };
}

/** @throws LIMIT_EXCEEDED */
export function checkLimit(what: string, actual: number, limit: number): void {
  if (actual > limit)
    throw new PithError("LIMIT_EXCEEDED", `${what}: ${actual}, the limit is ${limit}`, { actual, limit });
}
