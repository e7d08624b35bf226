/** Saving an index where the machine or another process is in the way: the old file or a new one, whole. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FlatIndex, int8 } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "pith-index-faults-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (): string => mkdtempSync(join(root, "own-"));
const INT8 = JSON.stringify(new URL("../dist/index.js", import.meta.url).href);

/** An index of `rows` equal rows, each `value` in its first dim. */
function filled(rows: number, value: number): FlatIndex<number> {
  const data = new Float32Array(rows * 16).fill(0.5);
  for (let i = 0; i < rows; i++) data[16 * i] = value;
  const index = new FlatIndex<number>(int8.create({ dim: 16, metric: "dot" }));
  index.add([...Array(rows).keys()], { data, dim: 16, count: rows });
  return index;
}

/** A program that fills an index as above and saves it until its standard input ends, once at least. */
const saver = (path: string, rows: number, value: number): string => `
const { FlatIndex, int8 } = await import(${INT8});
const data = new Float32Array(${rows} * 16).fill(0.5);
for (let i = 0; i < ${rows}; i++) data[16 * i] = ${value};
const index = new FlatIndex(int8.create({ dim: 16, metric: "dot" }));
index.add([...Array(${rows}).keys()], { data, dim: 16, count: ${rows} });
let over = false;
process.stdin.on("end", () => (over = true)).resume();
try {
  do await index.toFile(${JSON.stringify(path)}); while (!over);
  console.log("saved");
} catch (e) { console.log(e.code, e.message); process.exit(); }`;

describe.skipIf(process.platform === "win32")("saving an index", () => {
  test("with no room left is IO, and the old file stays", async () => {
    const own = folder();
    const path = join(own, "index");
    await filled(3, 1).toFile(path);
    const old = readFileSync(path);
    const limited = 'ulimit -f 64; exec "$0" --input-type=module -e "$1"';
    const printed = execFileSync("bash", ["-c", limited, process.execPath, saver(path, 20_000, 2)], {
      encoding: "utf8",
      input: "",
    });
    expect(printed).toMatch(/^IO can't write .*: the file would be larger than the system allows\n$/);
    expect(readFileSync(path).equals(old)).toBe(true);
    expect(readdirSync(own)).toEqual(["index"]);
  });

  test("by two processes at once: whoever looks finds one of the two, whole, and the last one stays", async () => {
    const own = folder();
    const path = join(own, "index");
    const values = [3, 7];
    const files = values.map((value, i) => Buffer.from(filled(2000 + i, value).toBytes()));
    writeFileSync(path, files[0]);
    const children = values.map((value, i) =>
      spawn(process.execPath, ["--input-type=module", "-e", saver(path, 2000 + i, value)]),
    );
    const running = children.map((child) => {
      let printed = "";
      child.stdout.on("data", (text) => (printed += text));
      return new Promise<string>((resolve) => child.once("close", () => resolve(printed)));
    });
    let over = false;
    void Promise.race(running).then(() => (over = true));
    // Until each was seen in the place of the other, a few times.
    let [last, changes] = [0, 0];
    while (changes < 5 && !over) {
      const now = readFileSync(path);
      const found = files.findIndex((file) => file.equals(now));
      expect(found).not.toBe(-1);
      if (found !== last) changes++;
      last = found;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const child of children) child.stdin.end();
    expect(await Promise.all(running)).toEqual(["saved\n", "saved\n"]);
    expect(readdirSync(own)).toEqual(["index"]);
    const index = await FlatIndex.fromFile<number>(path, int8);
    expect([2000, 2001]).toContain(index.size);
  });

  test("twice at once by one process: the last to end wins", async () => {
    const own = folder();
    const path = join(own, "index");
    const indexes = [filled(5, 1), filled(6, 2), filled(7, 3)];
    await Promise.all(indexes.map((index) => index.toFile(path)));
    const found = readFileSync(path);
    expect(indexes.some((index) => found.equals(index.toBytes()))).toBe(true);
    await indexes[0].toFile(path);
    expect(readFileSync(path).equals(indexes[0].toBytes())).toBe(true);
    expect(readdirSync(own)).toEqual(["index"]);
  });
});
