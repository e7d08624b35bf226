/** Help, usage and what goes to which stream. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serializePith } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { int8Contents, npy, put, randomVectors, tiny } from "./inputs.ts";
import { folder, MAIN, outcome, pith, run, text } from "./pith.ts";

const COMMANDS = ["tune", "compress", "decompress", "eval", "search", "inspect", "verify", "doctor"];

describe("help", () => {
  test("pith --help names every command, with examples", async () => {
    const help = await text(["--help"]);
    expect(help).toMatch(/^Usage: pith \[options\] \[command\]\n/);
    for (const name of COMMANDS) expect(help).toMatch(new RegExp(`^ {2}${name} `, "m"));
    expect(help).toContain("\nExamples:\n  pith tune ");
    expect(help).not.toContain("undefined");
  });

  for (const name of COMMANDS)
    test(`pith help ${name} is pith ${name} --help`, async () => {
      const help = await text([name, "--help"]);
      expect(help).toMatch(new RegExp(`^Usage: pith ${name} `));
      expect(help).toMatch(/^ {2}--json {2,}\S/m);
      expect(help).toMatch(/^ {2}--debug {2,}\S/m);
      expect(await text(["help", name])).toBe(help);
    });

  test("pith help compress lists what each option takes", async () => {
    const help = (await text(["help", "compress"])).replaceAll(/\s+/g, " ");
    expect(help).toContain('(choices: "cosine", "dot", "l2", default: "cosine")');
    expect(help).toContain('(choices: "none", "f16", "f32", "int8", default: "none")');
    expect(help).toContain('the codec (default: "int8")');
    expect(help).not.toContain("default: []");
  });

  test("pith help alone is pith --help", async () => {
    expect(await text(["help"])).toBe(await text(["--help"]));
  });

  test("without arguments: the help on standard error, exit code 2", async () => {
    const { status, stdout, stderr } = await pith([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe(await text(["--help"]));
  });

  for (const flag of ["--version", "-V"])
    test(`pith ${flag} prints the version alone`, async () => {
      const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
      expect(await text([flag])).toBe(`${(JSON.parse(manifest) as { version: string }).version}\n`);
    });
});

describe("errors", () => {
  test("--debug prints the stack below the line", async () => {
    const { status, stdout, stderr } = await pith(["inspect", "nothing.pith", "--debug"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    const [line, ...stack] = stderr.trimEnd().split("\n");
    expect(line).toMatch(/^pith: can't read "nothing\.pith": .* \[FILE_NOT_FOUND\]$/);
    expect(stack.some((frame) => /^ {4}at .*:\d+:\d+\)?$/.test(frame))).toBe(true);
  });

  test("--debug prints the stack of a bad argument too", async () => {
    const { status, stderr } = await pith(["search", "a.pith", "-k", "0", "--debug"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^pith: -k: .*\n(.*\n)* {4}at /);
  });

  test("--json leaves standard output empty where there is no result", async () => {
    const { status, stdout, stderr } = await pith(["search", "nothing.pith", "--like", "1", "--json"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^pith: [^\n]*\n$/);
  });

  test("a path with a newline stays on one line", async () => {
    const { stderr } = await pith(["inspect", "no\nthing\r.pith"]);
    expect(stderr).toMatch(/^pith: can't read "no\\nthing\\r\.pith": [^\n\r]*\n$/);
  });
});

describe.skipIf(process.platform === "win32")("pipes", () => {
  const shell = (script: string, cwd: string): ReturnType<typeof outcome> =>
    outcome(run("bash", ["-c", `set -o pipefail; ${script}`, process.execPath, MAIN], { cwd }));

  test("a reader that leaves early is no error", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(3000, 4, 1)), "q.npy": npy(randomVectors(300, 4, 2)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    // Far more than a pipe holds.
    const ended = await shell(`"$0" "$1" search a.pith -q q.npy -k 1000 --json | head -n 1`, cwd);
    expect(ended).toMatchObject({ status: 0, stdout: "{\n", stderr: "" });
    const inspected = await shell(`"$0" "$1" inspect a.pith | true`, cwd);
    expect(inspected).toMatchObject({ status: 0, stderr: "" });
  });

  test("all of a long output arrives", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(3000, 4, 1)), "q.npy": npy(randomVectors(100, 4, 2)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const { stdout } = await shell(`"$0" "$1" search a.pith -q q.npy -k 3000 --json | cat`, cwd);
    const { results } = JSON.parse(stdout) as { results: { ids: number[] }[] };
    expect(results.map(({ ids }) => ids.length)).toEqual(Array(100).fill(3000));
  });

  test("work goes on where nobody reads standard error", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    const { status, stdout } = await shell(`"$0" "$1" compress in.npy -o a.pith 2> >(exec <&-)`, cwd);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^a\.pith: 4 x 3/) });
    expect(readFileSync(join(cwd, "a.pith")).length).toBeGreaterThan(0);
  });
});

test("ids and names of a stranger's file give no orders to the terminal", async () => {
  const cwd = folder();
  const ids = ["\u001b[2J\u001b]0;owned\u0007", "\u009b31mred", "\u202ekcab", "two\u2028lines"];
  const contents = { ...int8Contents(tiny, { ids }), producer: "maker \u001b[31m" };
  put(cwd, { "a.pith": serializePith(contents), "q.npy": npy(tiny) });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  const orders = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e]/;
  for (const args of [
    ["search", "a.pith", "--queries", "q.npy"],
    ["inspect", "a.pith"],
    ["verify", "a.pith"],
  ])
    expect(await text(args, { cwd })).not.toMatch(orders);
  expect(await text(["search", "a.pith", "--queries", "q.npy"], { cwd })).toContain(
    "\\u001b[2J\\u001b]0;owned\\u0007",
  );
  const failed = await pith(["search", "a.pith", "--like", "\u001b[31mnone"], { cwd });
  expect(failed.stderr).not.toMatch(orders);
  const twice = serializePith(int8Contents(tiny, { ids: ["\u009b1m", "\u009b1m", "a", "b"] }));
  put(cwd, { "twice.pith": twice });
  const refused = await pith(["verify", "twice.pith"], { cwd });
  expect(refused.stderr).toMatch(/^pith: .*\[DUPLICATE_ID\]\n$/);
  expect(refused.stderr).not.toMatch(orders);
});
