/** Reads canonical JSON (RFC 8785) of strangers: one value has one spelling, so any other text is refused. */
import { type CanonicalValue, canonicalJson } from "../contract/canonical-json.ts";
import { corrupt } from "./corrupt.ts";

const MAX_DEPTH = 32;
/** What is parsed takes some forty times the memory of its text. */
const MAX_LENGTH = 65_536;

/**
 * An object in canonical JSON.
 * @throws CORRUPT_FILE for other text, for more than 65,536 characters, and for lists and objects nested deeper than 32
 */
export function parseCanonicalObject(
  text: string,
  what: string,
): { readonly [name: string]: CanonicalValue } {
  if (text.length > MAX_LENGTH) throw corrupt(`${what}: ${text.length} characters, more than ${MAX_LENGTH}`);
  // First, since printing it recurses.
  if (depth(text) > MAX_DEPTH) throw corrupt(`${what}: nested deeper than ${MAX_DEPTH}`);
  let value: CanonicalValue;
  let canonical: string;
  try {
    value = JSON.parse(text);
    canonical = canonicalJson(value);
  } catch {
    throw corrupt(`${what}: not JSON`);
  }
  if (canonical !== text) throw corrupt(`${what}: not canonical JSON (RFC 8785)`);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw corrupt(`${what}: not an object`);
  return value as { readonly [name: string]: CanonicalValue };
}

/** The deepest nesting of brackets outside of strings. */
function depth(text: string): number {
  let deepest = 0;
  let open = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") deepest = Math.max(deepest, ++open);
    else if (char === "}" || char === "]") open--;
  }
  return deepest;
}
