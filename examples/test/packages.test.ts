/** What the packages promise about themselves: manifests, exports, dependencies, and the names that they export. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const folders = ["packages", "apps"].flatMap((top) =>
  readdirSync(join(ROOT, top))
    .map((name) => join(ROOT, top, name))
    .filter((folder) => existsSync(join(folder, "package.json"))),
);

interface Manifest {
  name: string;
  type: string;
  sideEffects: boolean;
  license: string;
  engines: { node: string };
  exports: Record<string, string | { types: string; default: string }>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

describe.each(folders)("%s", (folder) => {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const sources = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(join(folder, "src", name), "utf8") }));

  test("is an ES module without side effects, for Node 20.19 and newer", () => {
    expect(manifest).toMatchObject({
      type: "module",
      sideEffects: false,
      license: "MIT OR Apache-2.0",
      engines: { node: ">=20.19.0" },
    });
  });

  test("exports files that are built", () => {
    for (const target of Object.values(manifest.exports).flatMap((t) =>
      typeof t === "string" ? [t] : Object.values(t),
    ))
      expect(existsSync(join(folder, target)), target).toBe(true);
  });

  test("depends on what it imports, and on nothing else", () => {
    const imported = new Set(
      sources.flatMap(({ text }) =>
        [...text.matchAll(/(?:from\s|import\()\s*"([^."][^"]*)"/g)].map(([, id]) =>
          id.startsWith("@") ? id.split("/").slice(0, 2).join("/") : id.split("/")[0],
        ),
      ),
    );
    const outside = [...imported].filter((id) => !id.startsWith("node:")).sort();
    const peers = Object.keys(manifest.peerDependencies ?? {});
    expect(outside.filter((id) => !peers.includes(id))).toEqual(
      Object.keys(manifest.dependencies ?? {}).sort(),
    );
  });

  test("keeps its files short enough to read in one go", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 300).map(({ name }) => name);
    expect(long).toEqual([]);
  });
});

test("codec-core depends on nothing, codecs on codec-core alone", () => {
  const dependencies = (name: string): string[] =>
    Object.keys(
      (JSON.parse(readFileSync(join(ROOT, "packages", name, "package.json"), "utf8")) as Manifest)
        .dependencies ?? {},
    );
  expect(dependencies("codec-core")).toEqual([]);
  expect(dependencies("int8")).toEqual(["@pith/codec-core"]);
  expect(dependencies("turboquant")).toEqual(["@pith/codec-core"]);
  expect(dependencies("spectral")).toEqual(["@pith/codec-core"]);
});

test("what isn't in ./files runs without Node: no node: import is reached from the main entry", () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, id] of text.matchAll(/^(?:import|export)[^;]*?from\s*"([^"]+)"/gms)) {
      expect(id, file).not.toMatch(/^node:/);
      if (id.startsWith(".")) visit(join(dirname(file), id));
    }
  };
  visit(join(ROOT, "packages/codec-core/dist/index.js"));
  visit(join(ROOT, "packages/int8/dist/index.js"));
  visit(join(ROOT, "packages/turboquant/dist/index.js"));
  visit(join(ROOT, "packages/spectral/dist/index.js"));
  visit(join(ROOT, "packages/int8/dist/binary/index.js"));
  visit(join(ROOT, "packages/adapters/dist/langchain/index.js"));
  expect(seen.size).toBeGreaterThan(20);
});

test.each([
  "codec-core/dist/index.js",
  "codec-core/dist/files/index.js",
  "contract/dist/index.js",
  "int8/dist/index.js",
  "spectral/dist/index.js",
  "turboquant/dist/index.js",
  "int8/dist/binary/index.js",
  "adapters/dist/langchain/index.js",
  "adapters/dist/qdrant/index.js",
  "adapters/dist/weaviate/index.js",
])("%s exports these names", async (file) => {
  const module = (await import(pathToFileURL(join(ROOT, "packages", file)).href)) as object;
  expect(Object.keys(module).sort()).toMatchSnapshot();
});
