/** A second implementation in numpy (tools/turboquant, tools/spectral), asked in lines of JSON, and floats as such lines hold them. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll } from "vitest";
// @ts-expect-error A script without types.
import { pythonWith } from "./venv.mjs";

export interface NumpyTwin {
  /** Whether there is a Python with numpy, known once tests run. */
  isThere(): boolean;
  /** What the script prints. */
  run(command: string, input?: string): string;
}

/** `what` isn't compared where there is no Python, and a warning says so. */
export function numpyTwin(script: string, what: string): NumpyTwin {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  let python: string | undefined;
  beforeAll(async () => {
    const found = await pythonWith(["numpy==2.3.5", "safetensors==0.7.0"]);
    if ("python" in found) python = found.python;
    else console.warn(`skipped: ${what} aren't compared with numpy's: ${found.reason}`);
  }, 660_000);
  return {
    isThere: () => python !== undefined,
    run: (command, input = "") =>
      execFileSync(python as string, [path, command], { input, encoding: "utf8", maxBuffer: 2 ** 28 }),
  };
}

export function jsonLines<T>(text: string): T[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** Little-endian bytes in hex. */
export function hex(bytes: Uint8Array | Float32Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function floats(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, "hex")).buffer);
}
