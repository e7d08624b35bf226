/** Which kernels are chosen, by a program and by the environment. */
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { isPithError } from "../../src/errors.ts";
import { type BackendChoice, backendReport, kernels, useBackend } from "../../src/kernels/backend.ts";
import { simdSkipped } from "./backends.ts";

const { backend, isa } = backendReport();
afterEach(() => useBackend({ backend, isa }));

/** The best of the portable backend here. */
const best = simdSkipped === undefined ? "simd128" : "typescript";

test("the portable backend is WebAssembly SIMD where it runs, and each part can be forced", () => {
  useBackend({ backend: "portable" });
  expect(kernels().isa).toBe(best);
  for (const wanted of backendReport().portable) {
    useBackend({ backend: "portable", isa: wanted });
    expect(backendReport()).toMatchObject({ backend: "portable", isa: wanted });
  }
});

test("an instruction set of another backend is refused, and nothing is switched", () => {
  useBackend({ backend: "portable", isa: "typescript" });
  const choices: BackendChoice[] = [
    { backend: "portable", isa: "avx2" },
    { backend: "native", isa: "simd128" },
  ];
  for (const choice of choices) {
    let error: unknown;
    try {
      useBackend(choice);
    } catch (caught) {
      error = caught;
    }
    expect(isPithError(error, "BACKEND_UNAVAILABLE")).toBe(true);
    expect(kernels().isa).toBe("typescript");
  }
});

describe("the environment", () => {
  const index = new URL("../../dist/index.js", import.meta.url).href;
  const report = (env: Record<string, string>, before = ""): unknown => {
    const program = `${before}; const { backendReport } = await import(${JSON.stringify(index)});
      let out; try { const { backend, isa, reason } = backendReport(); out = { backend, isa, reason } }
      catch (error) { out = { code: error.code } } console.log(JSON.stringify(out))`;
    const { PITH_BACKEND: _, PITH_ISA: __, ...rest } = process.env;
    const args = ["--input-type=module", "--eval", program];
    return JSON.parse(execFileSync(process.execPath, args, { env: { ...rest, ...env }, encoding: "utf8" }));
  };

  test("forces a backend and an instruction set", () => {
    const reason = "PITH_BACKEND=portable";
    expect(report({ PITH_BACKEND: "portable" })).toEqual({ backend: "portable", isa: best, reason });
    expect(report({ PITH_BACKEND: "portable", PITH_ISA: "typescript" })).toMatchObject({ isa: "typescript" });
    expect(report({ PITH_ISA: best })).toEqual({
      backend: "portable",
      isa: best,
      reason: `PITH_ISA=${best}`,
    });
    expect(report({ PITH_BACKEND: "portable", PITH_ISA: "avx2" })).toEqual({ code: "BACKEND_UNAVAILABLE" });
  });

  test("without WebAssembly the portable backend is TypeScript, and simd128 is refused", () => {
    const none = "delete globalThis.WebAssembly";
    expect(report({ PITH_BACKEND: "portable" }, none)).toMatchObject({ isa: "typescript" });
    expect(report({ PITH_ISA: "simd128" }, none)).toEqual({ code: "BACKEND_UNAVAILABLE" });
  });
});
