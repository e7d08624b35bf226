/** Qdrant's engine behind the shim, where `npm run test:live` has started it: not a Qdrant server. */
import { QdrantClient } from "@qdrant/js-client-rest";
import { describe } from "vitest";

/** Where it listens. */
export const ENGINE_URL: string | undefined = process.env["PITH_LIVE_QDRANT"];

/** `describe`, skipped under a name that says why where there is no engine. */
export function withEngine(name: string, tests: () => void): void {
  if (ENGINE_URL === undefined)
    describe.skip(`${name} (SKIPPED: PITH_LIVE_QDRANT isn't set; npm run test:live)`, tests);
  else describe(name, tests);
}

export function engineClient(): QdrantClient {
  return new QdrantClient({ url: ENGINE_URL ?? "http://127.0.0.1:1", checkCompatibility: false });
}

let made = 0;

/** A name that no other test has. */
export function freshName(of: string): string {
  return `${of}_${process.pid}_${made++}`;
}
