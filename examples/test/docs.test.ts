/** Runs every `ts` and `sh` block of the README files and docs, and compares what a block prints with its `// =>`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const EXAMPLES = join(dirname(fileURLToPath(import.meta.url)), "..");
const ROOT = join(EXAMPLES, "..");
const PITH = join(ROOT, "apps/pith/dist/main.js");
const BUNDLED = join(EXAMPLES, "data/packages.pith.safetensors");

const pages = [
  join(ROOT, "README.md"),
  ...["packages", "apps"].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => join(ROOT, folder, name, "README.md")),
  ),
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(ROOT, "docs", name)),
];

function blocks(page: string, language: string): string[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((m) => m[1]);
}

// Inside of the package, so that `@pith/...` is found as in a project that installed it.
let folder = "";
beforeAll(() => {
  mkdirSync(join(EXAMPLES, ".docs"), { recursive: true });
  folder = mkdtempSync(join(EXAMPLES, ".docs", "run-"));
  const script = `
    import { writeFile } from "node:fs/promises";
    import { createNpyFile, openVectors } from "@pith/codec-core/files";
    const source = await openVectors(${JSON.stringify(BUNDLED)});
    await writeFile("names.txt", (await source.ids()).toArray().join("\\n"));
    for (const [name, count] of [["embeddings.npy", source.count], ["queries.npy", 20]]) {
      const out = await createNpyFile(name, { dim: source.dim, count });
      for await (const block of source.rows({ end: count })) await out.write(block);
      await out.commit();
    }
    await source.close();`;
  node("prepare.mjs", script);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(name: string, script: string): string {
  writeFileSync(join(folder, name), script);
  return execFileSync(process.execPath, [name], { cwd: folder, encoding: "utf8" });
}

describe("examples in the docs", () => {
  for (const page of pages) {
    const name = relative(ROOT, page);
    blocks(page, "ts").forEach((block, i) => {
      test(`${name}, ts block ${i + 1} runs and prints what it says`, () => {
        const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
        const script = ts.transpileModule(block, { compilerOptions: options }).outputText;
        const printed = node(`block-${i}.mjs`, script).trimEnd().split("\n");
        const expected = [...block.matchAll(/\/\/ => (.*)$/gm)].map((m) => m[1]);
        if (expected.length > 0) expect(printed).toEqual(expected);
        else expect(printed.join("\n")).not.toMatch(/not ok/);
      }, 60_000);
    });
    blocks(page, "sh").forEach((block, i) => {
      test(`${name}, sh block ${i + 1} runs`, () => {
        for (const line of block.trim().split("\n")) {
          const [command, ...args] = line.split(/\s+/);
          expect(command).toBe("pith");
          const printed = execFileSync(process.execPath, [PITH, ...args], { cwd: folder, encoding: "utf8" });
          expect(printed.length).toBeGreaterThan(0);
        }
      }, 60_000);
    });
  }

  test("there are examples for each kind of user", () => {
    expect(blocks(join(ROOT, "README.md"), "ts").length).toBeGreaterThanOrEqual(3);
    expect(blocks(join(ROOT, "README.md"), "sh").length).toBeGreaterThanOrEqual(1);
  });
});

test("the README shows what `npm start` prints", () => {
  const printed = execFileSync(
    process.execPath,
    [join(ROOT, "apps/pith/dist/demo.js"), join(EXAMPLES, "data")],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  const shown = /<!-- demo:begin -->\n```text\n(.*?)```/s.exec(
    readFileSync(join(ROOT, "README.md"), "utf8"),
  )?.[1];
  // Speed and backend differ from machine to machine; all else must be the same.
  const steady = (text: string): string =>
    text
      .replaceAll(/^backend: .*$/gm, "backend: ...")
      .replaceAll(/^([\w-]+ +\d+ +[\d.]+x +[\d.]+ +[\d.]+) .*$/gm, "$1 ...")
      .replaceAll(/^(codec +bytes.*|[- ]+)$/gm, "")
      .trim();
  expect(steady(shown ?? "")).toBe(steady(printed));
}, 60_000);
