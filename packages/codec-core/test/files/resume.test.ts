import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPithFile, findUnfinished, type PithPlan, type PithWriter } from "../../src/files/index.ts";
import { IdColumn, parsePith } from "../../src/index.ts";
import { scratchFolder } from "./scratch.ts";

const root = scratchFolder();
let files = 0;

const ROWS = 40;
const STRIDE = 8;
const ids = IdColumn.from(Array.from({ length: ROWS }, (_, i) => `id ${i}`));
const plan: PithPlan = {
  kind: "codes",
  dim: 4,
  count: ROWS,
  metric: "dot",
  codec: { name: "test", version: 1, params: {} },
  idType: ids.type,
  tensors: { ...ids.tensors(), codes: { dtype: "U8", shape: [ROWS, STRIDE] } },
};
const making = { input: "a file", options: "{}" };
const codes = Uint8Array.from({ length: ROWS * STRIDE }, (_, i) => (i * 37) & 255);

function place(): { folder: string; path: string } {
  const folder = join(root, String(files++));
  mkdirSync(folder);
  return { folder, path: join(folder, "a.pith") };
}

async function fill(writer: PithWriter, rows: number): Promise<void> {
  const from = writer.written("codes") / STRIDE;
  for (let row = from; row < rows; row++)
    await writer.write("codes", codes.subarray(row * STRIDE, (row + 1) * STRIDE));
}

/** A run that ends after so many rows, as a kill would end it. */
async function cutShort(path: string, rows: number, own = making): Promise<void> {
  const writer = await createPithFile(path, plan, { making: own, resume: true });
  await fill(writer, rows);
  await writer.checkpoint();
  await writer.abort();
}

async function finish(path: string, own = making): Promise<number> {
  await using writer = await createPithFile(path, plan, { making: own, resume: true });
  const began = writer.written("codes") / STRIDE;
  await fill(writer, ROWS);
  await writer.commit();
  return began;
}

async function whole(): Promise<Buffer> {
  const { path } = place();
  const writer = await createPithFile(path, plan);
  await fill(writer, ROWS);
  await writer.commit();
  return readFileSync(path);
}

describe("a file that goes on", () => {
  test.each([1, 17, ROWS])(
    "after %d rows: the same bytes as in one go, and nothing left beside it",
    async (rows) => {
      const { folder, path } = place();
      await cutShort(path, rows);
      expect(readdirSync(folder).length).toBe(2);
      const [left] = await findUnfinished(path);
      expect(left).toMatchObject({ making, writer: undefined });
      expect(left.written["codes"][0]).toBe(rows * STRIDE);
      expect(await finish(path)).toBe(rows);
      expect(readFileSync(path).equals(await whole())).toBe(true);
      expect(parsePith(readFileSync(path)).count).toBe(ROWS);
      expect(readdirSync(folder)).toEqual(["a.pith"]);
    },
  );

  test("again and again", async () => {
    const { folder, path } = place();
    for (let rows = 1; rows < ROWS; rows += 7) await cutShort(path, rows);
    expect(readdirSync(folder).length).toBe(2);
    expect(await finish(path)).toBe(36);
    expect(readFileSync(path).equals(await whole())).toBe(true);
  });

  test("with nothing to go on with it begins", async () => {
    expect(await finish(place().path)).toBe(0);
  });

  test("a run that was killed when its file was in place, but for the journal, is over: the next one begins", async () => {
    const { folder, path } = place();
    await cutShort(path, 17);
    for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name));
    expect((await findUnfinished(path)).map(({ written }) => written)).toEqual([{}]);
    expect(await finish(path)).toBe(0);
    expect(readFileSync(path).equals(await whole())).toBe(true);
    expect(readdirSync(folder)).toEqual(["a.pith"]);
  });

  test("rows after the last line of the journal are written again, and a cut line is passed over", async () => {
    const { folder, path } = place();
    await cutShort(path, 9);
    const journal = join(folder, readdirSync(folder).find((name) => name.endsWith(".resume")) ?? "");
    writeFileSync(journal, `${readFileSync(journal, "utf8")}{"written":{"codes":[3`);
    expect(await finish(path)).toBe(9);
    expect(readFileSync(path).equals(await whole())).toBe(true);
  });

  test("without `resume` a run that fails leaves nothing, and one that ends well clears up", async () => {
    const { folder, path } = place();
    const failing = await createPithFile(path, plan, { making });
    await fill(failing, 3);
    await failing.checkpoint();
    expect(readdirSync(folder).length).toBe(2);
    await failing.abort();
    expect(readdirSync(folder)).toEqual([]);
    await cutShort(path, 5);
    const writer = await createPithFile(path, plan, { making });
    expect(writer.written("codes")).toBe(0);
    await fill(writer, ROWS);
    await writer.commit();
    expect(readdirSync(folder)).toEqual(["a.pith"]);
  });
});

describe("refused", () => {
  const refusal = (path: string, own = making, other: PithPlan = plan): Promise<string> =>
    createPithFile(path, other, { making: own, resume: true }).then(
      () => "accepted",
      (error) => `${error.code} ${error.message}`,
    );

  test("another input or other options, which are named; what is there stays", async () => {
    const { folder, path } = place();
    await cutShort(path, 5);
    const before = readdirSync(folder);
    expect(await refusal(path, { ...making, input: "another file" })).toMatch(
      /^INVALID_ARGUMENT .*made from another input \(a file, now another file\)/,
    );
    expect(await refusal(path, { ...making, options: '{"bits":4}' })).toMatch(
      /^INVALID_ARGUMENT .*another options/,
    );
    expect(readdirSync(folder)).toEqual(before);
    expect(await finish(path)).toBe(5);
  });

  test("other ids under the same description", async () => {
    const { path } = place();
    await cutShort(path, 5);
    const others = IdColumn.from(Array.from({ length: ROWS }, (_, i) => `Id ${i}`));
    const other = { ...plan, tensors: { ...plan.tensors, ...others.tensors() } };
    expect(await refusal(path, making, other)).toMatch(/^INVALID_ARGUMENT .*another layout/);
  });

  test("a temporary file that was changed or cut", async () => {
    for (const spoil of [
      (file: string): void => {
        const bytes = readFileSync(file);
        bytes[bytes.length - (ROWS - 2) * STRIDE] ^= 1;
        writeFileSync(file, bytes);
      },
      (file: string): void => truncateSync(file, 1000),
    ]) {
      const { folder, path } = place();
      await cutShort(path, 5);
      spoil(join(folder, readdirSync(folder).find((name) => name.endsWith(".tmp")) ?? ""));
      expect(await refusal(path)).toMatch(/^CORRUPT_FILE /);
    }
  });

  test.skipIf(process.platform !== "linux")("while the process that writes it still runs", async () => {
    const { folder, path } = place();
    await cutShort(path, 5);
    const journal = join(folder, readdirSync(folder).find((name) => name.endsWith(".resume")) ?? "");
    // The parent of this test runs for as long as it does.
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const began = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const owned = (owner: object): string =>
      readFileSync(journal, "utf8").replaceAll(/"owner":\{[^}]*\}/g, `"owner":${JSON.stringify(owner)}`);
    writeFileSync(journal, owned({ pid: process.ppid, began }));
    expect(await refusal(path)).toMatch(new RegExp(`^IO .*process ${process.ppid} is writing it`));
    // Another process under the same number isn't it.
    writeFileSync(journal, owned({ pid: process.ppid, began: `${began}1` }));
    expect(await finish(path)).toBe(5);
  });

  test("journals that make no sense are passed over", async () => {
    const { folder, path } = place();
    for (const [i, text] of [
      "",
      "{}",
      "null\n[]\n7",
      '{"pith_resume":1}',
      '{"pith_resume":2,"target":"a.pith"}',
    ].entries())
      writeFileSync(join(folder, `.a.pith.000000000000000${i}.resume`), text);
    const odd = { pith_resume: 1, target: "a.pith", making, owner: { pid: 0 } };
    writeFileSync(
      join(folder, ".a.pith.00000000000000aa.resume"),
      `${JSON.stringify(odd)}\n{"written":{"codes":"many"}}\n{"written":7}\n`,
    );
    expect(await finish(path)).toBe(0);
  });
});

test("the names are those of temporary files", async () => {
  const { folder, path } = place();
  await cutShort(path, 2);
  expect(readdirSync(folder).sort().join("\n")).toMatch(
    /^\.a\.pith\.([0-9a-f]{16})\.resume\n\.a\.pith\.\1\.tmp$/,
  );
});
