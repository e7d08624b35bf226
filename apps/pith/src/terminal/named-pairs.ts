/** `--option name=value`, given several times. */
import { PithError } from "@pith/codec-core";

/** @throws INVALID_OPTION */
export function namedPairs(given: readonly string[] = []): { [name: string]: string } {
  const entries = given.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new PithError("INVALID_OPTION", `--option: expected name=value, got "${pair}"`, { actual: pair });
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}
