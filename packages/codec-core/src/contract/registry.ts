/**
 * Codec families by name, loaded when asked for. Explicit: importing a codec registers nothing; an application lists
 * the codecs that it reads.
 */
import { PithError, quote } from "../errors.ts";
import type { CodecFamily } from "./codec.ts";
import { nearestName } from "./nearest-name.ts";

export type CodecLoader = () => CodecFamily | Promise<CodecFamily>;

export class CodecRegistry {
  readonly #loaders: ReadonlyMap<string, CodecLoader>;

  constructor(loaders: { readonly [name: string]: CodecLoader }) {
    this.#loaders = new Map(Object.entries(loaders));
  }

  get names(): readonly string[] {
    return [...this.#loaders.keys()];
  }

  /** @throws UNKNOWN_CODEC with the nearest name */
  async get(name: string): Promise<CodecFamily> {
    const load = this.#loaders.get(name);
    if (!load) throw unknownCodec(name, this.names);
    return load();
  }
}

export function unknownCodec(name: string, known: readonly string[]): PithError {
  const near = nearestName(name, known);
  const hint = near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`;
  return new PithError("UNKNOWN_CODEC", `unknown codec ${quote(name)}; ${hint}`, { codec: name, known });
}
