/** `pith push` and `pith pull` against Qdrant's engine behind a shim (not a Qdrant server), where `npm run test:live` has started it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { npy, put, randomVectors } from "../inputs.ts";
import { folder, json, pith, text } from "../pith.ts";

const ENGINE = process.env["PITH_LIVE_QDRANT"];
const ROWS = 1500;

describe.skipIf(ENGINE === undefined)(
  `the command and Qdrant's engine${ENGINE ? "" : " (SKIPPED: PITH_LIVE_QDRANT isn't set; npm run test:live)"}`,
  () => {
    const url = (collection: string): string =>
      `${ENGINE?.replace(/^http/, "qdrant")}/cli_${process.pid}_${collection}`;
    const same = (cwd: string, a: string, b: string): boolean =>
      Buffer.compare(readFileSync(join(cwd, a)), readFileSync(join(cwd, b))) === 0;

    for (const [codec, mode] of [
      ["int8", "payload"],
      ["turboquant", "sidecar"],
      ["spectral", "payload"],
    ] as const)
      test(`${codec}, ${mode}: the same file comes back to the last byte`, async () => {
        const cwd = folder();
        const ids = Array.from({ length: ROWS }, (_, i) => `paper ${(i * 7) % ROWS}`).join("\n");
        put(cwd, { "in.npy": npy(randomVectors(ROWS, 48, 3)), "ids.txt": ids });
        await text(["compress", "in.npy", "-o", "a.pith", "--codec", codec, "--ids", "ids.txt"], { cwd });
        // A file without originals has a note on standard error.
        const pushed = await pith(["push", "a.pith", url(codec), "--mode", mode], { cwd });
        expect([pushed.status, pushed.stdout]).toEqual([
          0,
          expect.stringContaining("1,500 of 1,500 rows stored"),
        ]);
        await text(["pull", url(codec), "b.pith"], { cwd });
        expect(same(cwd, "a.pith", "b.pith")).toBe(true);
      });

    test("originals that a file keeps are searched; resume sends nothing twice", async () => {
      const cwd = folder();
      put(cwd, { "in.npy": npy(randomVectors(ROWS, 48, 4)) });
      await text(["compress", "in.npy", "-o", "a.pith", "--codec", "int8", "--keep", "f16"], { cwd });
      const target = `${url("kept")}?quantizer=turbo4`;
      const first = await json(["push", "a.pith", target, "--mode", "server"], { cwd });
      expect(first).toMatchObject({ stored: ROWS, settings: { quantizer: "turbo4", datatype: "float16" } });
      expect(await json(["push", "a.pith", target, "--mode", "server", "--resume"], { cwd })).toMatchObject({
        stored: 0,
        skipped: ROWS,
      });
      const pulled = await json(["pull", url("kept"), "b.pith"], { cwd });
      expect(pulled).toMatchObject({ kind: "vectors", count: ROWS });
    });
  },
);
