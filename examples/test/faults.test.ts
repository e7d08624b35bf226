/** The fault tools of tools/faults, shortly: what they do at length is told there, with figures. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const TOOLS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "tools");

function tool(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(TOOLS, name), ...args], {
    encoding: "utf8",
  });
  expect(`${stdout}${stderr}`).toMatch(/./);
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe("a stranger's file", () => {
  test("that was broken by structure gives PithErrors or right answers (seed 7)", () => {
    const printed = tool("faults/fuzz-readers.mjs", "--inputs", "4000", "--seed", "7");
    expect(printed).toMatch(/^4000 inputs .*: nothing but PithErrors and right answers$/m);
  }, 120_000);

  test("of the corpus gives what it gave before", () => {
    const printed = tool("faults/fuzz-readers.mjs", "--replay", join(TOOLS, "faults/corpus.json"));
    expect(Number(/^(\d+) inputs read again$/m.exec(printed)?.[1])).toBeGreaterThan(30);
  }, 60_000);

  test("of realistic size, cut, or with a bit of its header or body flipped, is refused (seed 1)", () => {
    const printed = tool("faults/damage.mjs", "--cut-every", "9973", "--body-flips", "2000");
    expect(printed.match(/all refused/g)?.length).toBe(3);
  }, 120_000);
});

describe.skipIf(process.platform === "win32")("kill -9", () => {
  test("of compress, resumed or not, and of an index save leaves the old file or the new one (seed 2)", () => {
    const printed = tool("faults/kill.mjs", "--points", "10", "--rows", "40000", "--seed", "2");
    expect(printed.match(/ 0 torn; .* the next run goes well$/gm)?.length).toBe(3);
  }, 120_000);
});

describe.skipIf(process.platform === "win32")("the packages", () => {
  test("installed from their tarballs outside of the workspace are typed and run, natively and in TypeScript", () => {
    const printed = tool("release/packed.mjs");
    expect(printed).toMatch(/packages installed from tarballs, typed, imported and run; .*the same bytes/);
  }, 300_000);
});
