import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { atomicWriteFile, createNpyFile, createPithFile, openPith } from "../../src/files/index.ts";
import { type PositionalWriter, writeFully } from "../../src/files/safe-file.ts";
import { isPithError, parsePith, serializePith, vectors } from "../../src/index.ts";
import { GOLDEN } from "../format/golden-contents.ts";
import { asyncRefusal } from "../format/refusal.ts";
import { leftovers, scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const content = GOLDEN["codes-int8"];
const bytes = serializePith(content);
const OLD = "the old file";
const FILES = JSON.stringify(new URL("../../dist/files/index.js", import.meta.url).href);

/** A path in a folder of its own, with an old file in its place. */
function target(name: string): { path: string; own: string } {
  const own = join(folder, name);
  mkdirSync(own);
  const path = join(own, "file");
  writeFileSync(path, OLD);
  return { path, own };
}

/** Runs a program against the built package; prints the code of the error that it throws. */
function program(body: string): string {
  return `import * as files from ${FILES};
try { ${body} } catch (e) { console.log(e.code, e.message); }`;
}

describe("a written file", () => {
  test("replaces the old one at commit, not before", async () => {
    const { path, own } = target("commit");
    const writer = await createPithFile(path, content);
    expect(readFileSync(path, "utf8")).toBe(OLD);
    expect(leftovers(own).length).toBe(1);
    expect(leftovers(own)[0]).toMatch(/^\.file\.[0-9a-f]{16}\.tmp$/);
    await writer.commit();
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    expect(readdirSync(own)).toEqual(["file"]);
    await writer.abort();
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
  });

  test("keeps the permissions of the old one, and else has those of any new file", async () => {
    const { path, own } = target("mode");
    const umask = process.umask();
    for (const mode of [0o600, 0o640, 0o755]) {
      chmodSync(path, mode);
      await (await createPithFile(path, content)).commit();
      expect(statSync(path).mode & 0o7777).toBe(mode);
    }
    const fresh = join(own, "fresh");
    await (await createPithFile(fresh, content)).commit();
    expect(statSync(fresh).mode & 0o7777).toBe(0o666 & ~umask);
  });

  test("replaces what a symbolic link names, not the link", async () => {
    const { path, own } = target("link");
    mkdirSync(join(own, "links"));
    const link = join(own, "links", "a");
    symlinkSync("b", link);
    symlinkSync("../file", join(own, "links", "b"));
    await (await createPithFile(link, content)).commit();
    expect(readlinkSync(link)).toBe("b");
    expect(lstatSync(path).isFile()).toBe(true);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);

    const dangling = join(own, "dangling");
    symlinkSync("made-by-the-link", dangling);
    await atomicWriteFile(dangling, new Uint8Array([1]));
    expect(readdirSync(own).sort()).toEqual(["dangling", "file", "links", "made-by-the-link"]);
    const round = join(own, "round");
    symlinkSync("round", round);
    expect(await asyncRefusal(() => createPithFile(round, content))).toBe("IO");
  });

  test("has a name of 255 bytes as well", async () => {
    const path = join(folder, "é".repeat(127));
    await atomicWriteFile(path, bytes);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    expect(leftovers(folder)).toEqual([]);
  });

  test("of two writers, the last to commit stays, whole", async () => {
    const { path, own } = target("race");
    const contents = [GOLDEN["vectors-f32"], GOLDEN["codes-everything"], content];
    const writers = await Promise.all(contents.map((c) => createPithFile(path, c)));
    expect(leftovers(own).length).toBe(3);
    await Promise.all(writers.map((w) => w.commit()));
    const found = parsePith(readFileSync(path));
    expect(contents.some((c) => Buffer.compare(serializePith(found), serializePith(c)) === 0)).toBe(true);
    const [first, second] = [
      await createPithFile(path, contents[0]),
      await createPithFile(path, contents[1]),
    ];
    await second.commit();
    await first.commit();
    expect(parsePith(readFileSync(path)).kind).toBe("vectors");
    expect(readdirSync(own)).toEqual(["file"]);
  });

  test("is made from pieces, too", async () => {
    const { path, own } = target("pieces");
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([1, 2]);
      yield new Uint8Array(0);
      yield new Uint8Array([3]);
    }
    await atomicWriteFile(path, pieces());
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([9]);
      throw new Error("out of pieces");
    }
    await expect(atomicWriteFile(path, broken())).rejects.toThrow("out of pieces");
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(own)).toEqual(["file"]);
  });
});

describe("a writer that is stopped", () => {
  test("by abort() leaves the old file alone", async () => {
    const { path, own } = target("abort");
    const writer = await createPithFile(path, content);
    await writer.abort();
    await writer.abort();
    expect(readdirSync(own)).toEqual(["file"]);
    expect(await asyncRefusal(() => writer.write("codes", new Uint8Array(0)))).toBe("DISPOSED");
    expect(await asyncRefusal(() => writer.commit())).toBe("DISPOSED");
    expect(readFileSync(path, "utf8")).toBe(OLD);
  });

  test("by leaving its block leaves the old file alone", async () => {
    const { path, own } = target("block");
    const run = async (): Promise<void> => {
      await using writer = await createPithFile(path, content);
      expect(leftovers(own).length).toBe(1);
      await writer.write("codes", new Uint8Array(1000));
    };
    expect(await asyncRefusal(run)).toBe("LENGTH_MISMATCH");
    expect(readdirSync(own)).toEqual(["file"]);
  });

  test("by its signal leaves the old file alone, whenever it comes", async () => {
    const { path, own } = target("signal");
    expect(await asyncRefusal(() => createPithFile(path, content, { signal: AbortSignal.abort() }))).toBe(
      "ABORTED",
    );
    expect(readdirSync(own)).toEqual(["file"]);

    const idle = new AbortController();
    const writer = await createPithFile(path, content, { signal: idle.signal });
    idle.abort(new Error("enough"));
    expect(await asyncRefusal(() => writer.commit())).toBe("ABORTED");
    await expect(writer.commit()).rejects.toMatchObject({ cause: { message: "enough" } });
    expect(readdirSync(own)).toEqual(["file"]);

    for (let ticks = 0; ticks < 40; ticks++) {
      const abort = new AbortController();
      const running = asyncRefusal(async () => {
        const w = await createPithFile(path, content, { signal: abort.signal });
        await w.commit();
      });
      for (let i = 0; i < ticks; i++) await new Promise((done) => setImmediate(done));
      abort.abort();
      const code = await running;
      expect(["ABORTED", "accepted"]).toContain(code);
      expect(readFileSync(path).equals(code === "ABORTED" ? Buffer.from(OLD) : bytes)).toBe(true);
      writeFileSync(path, OLD);
      expect(readdirSync(own)).toEqual(["file"]);
    }
  });

  test("by the end of the process leaves the old file alone", () => {
    const { path, own } = target("exit");
    const body = `const w = await files.createNpyFile(${JSON.stringify(path)}, { dim: 4, count: 10 }); console.log((await import("node:fs")).readdirSync(${JSON.stringify(own)}).length); process.exit(3);`;
    const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program(body)], {
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([3, "2\n"]);
    expect(readdirSync(own)).toEqual(["file"]);
    expect(readFileSync(path, "utf8")).toBe(OLD);
  });

  test("by a kill leaves the old file or the new one", async () => {
    const { path } = target("kill");
    await atomicWriteFile(path, bytes);
    const body = `const { parsePith } = await import(${FILES}.replace("files/", ""));
const content = parsePith(await files.readWholeFile(${JSON.stringify(path)}));
for (let dim = content.dim; ; dim++) await (await files.createPithFile(${JSON.stringify(path)}, { ...content, dim: 1 + (dim % 65_536), producer: "x".repeat(dim % 200) })).commit();`;
    const dimOf = async (): Promise<number> => {
      await using file = await openPith(path);
      return file.info.dim;
    };
    for (let kills = 0; kills < 5; kills++) {
      const before = await dimOf();
      const child = spawn(process.execPath, ["--input-type=module", "-e", program(body)]);
      const gone = new Promise((done) => child.once("exit", done));
      // Whoever looks meanwhile finds a whole file, too.
      while ((await dimOf()) < before + 3) await new Promise((done) => setTimeout(done, 1));
      child.kill("SIGKILL");
      await gone;
      expect(await dimOf()).toBeGreaterThanOrEqual(before + 3);
    }
  });
});

describe("the system refuses", () => {
  test("a folder that isn't there", async () => {
    const path = join(folder, "absent", "file");
    expect(await asyncRefusal(() => createPithFile(path, content))).toBe("IO");
    expect(await asyncRefusal(() => createNpyFile(join(folder, "x".repeat(300)), { dim: 1, count: 1 }))).toBe(
      "IO",
    );
    expect(await asyncRefusal(() => createNpyFile("a\u0000b", { dim: 1, count: 1 }))).toBe(
      "INVALID_ARGUMENT",
    );
    await expect(createPithFile(path, content)).rejects.toThrow(
      /^can't write .*absent.*: there is no such file or folder$/,
    );
  });

  test("a file larger than ulimit -f, and the old file stays", () => {
    const { path, own } = target("room");
    const quoted = JSON.stringify(path);
    const planned = `await files.createNpyFile(${quoted}, { dim: 1024, count: 100 });`;
    const growing = `await files.atomicWriteFile(${quoted}, [new Uint8Array(8000), new Uint8Array(300000)]);`;
    for (const body of [planned, growing]) {
      const script = 'ulimit -f 16; exec "$0" --input-type=module -e "$1"';
      const out = execFileSync("bash", ["-c", script, process.execPath, program(body)], { encoding: "utf8" });
      expect(out).toMatch(/^IO can't write .*: the file would be larger than the system allows\n$/);
      expect(readdirSync(own)).toEqual(["file"]);
      expect(readFileSync(path, "utf8")).toBe(OLD);
    }
  });

  test("a folder or a file without permission", ({ skip }) => {
    const { path, own } = target("permission");
    // Permissions bind no root, so root becomes nobody for this.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const run = (): string =>
      spawnSync(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          program(
            `await files.atomicWriteFile(${JSON.stringify(path)}, new Uint8Array(3)); console.log("written");`,
          ),
        ],
        { encoding: "utf8", ...nobody },
      ).stdout;
    chmodSync(folder, 0o755);
    chmodSync(path, 0o666);
    chmodSync(own, 0o777);
    if (run() !== "written\n") {
      console.warn(
        "skipped: another user can't run the built package from here, so missing permissions can't be tested",
      );
      skip();
    }
    writeFileSync(path, OLD);
    chmodSync(own, 0o555);
    expect(run()).toMatch(/^IO can't write .*: permission denied\n$/);
    chmodSync(own, 0o777);
    chmodSync(path, 0o444);
    expect(run()).toMatch(/^IO can't write .*: permission denied\n$/);
    expect(readFileSync(path, "utf8")).toBe(OLD);
    expect(readdirSync(own)).toEqual(["file"]);
  });

  test("to write all at once: the rest is written after", async () => {
    const out = new Uint8Array(30);
    const calls: number[] = [];
    const slow: PositionalWriter = {
      async write(from, offset, length, position) {
        const bytesWritten = Math.min(length, 7);
        out.set(from.subarray(offset, offset + bytesWritten), position);
        calls.push(position);
        return { bytesWritten };
      },
    };
    const data = Uint8Array.from({ length: 20 }, (_, i) => i + 1);
    await writeFully(slow, data, 10);
    expect([...out]).toEqual([...new Array(10).fill(0), ...data]);
    expect(calls).toEqual([10, 17, 24]);
    const stuck: PositionalWriter = { write: async () => ({ bytesWritten: 0 }) };
    expect(await asyncRefusal(() => writeFully(stuck, data, 0))).toBe("IO");
  });

  test("errors keep what the system said", async () => {
    const error = await createNpyFile(join(folder, "absent", "x"), { dim: 1, count: 1 }).catch(
      (e: unknown) => e,
    );
    expect(isPithError(error, "IO") && error.details).toMatchObject({ errno: "ENOENT" });
    expect((error as Error).cause).toMatchObject({ code: "ENOENT" });
  });
});

test("rows of vectors are stopped and refused like the rest", async () => {
  const { path, own } = target("rows");
  const rows = vectors(new Float32Array([1, 2, 3, 4]), 2);
  for (const [bad, code] of [
    [vectors(new Float32Array(3), 3), "DIM_MISMATCH"],
    [vectors(new Float32Array(8), 2), "LENGTH_MISMATCH"],
    [vectors(new Float32Array([1, 1e9]), 2), "INVALID_ARGUMENT"],
  ] as const) {
    const writer = await createNpyFile(path, { dim: 2, count: 3, dtype: "f16" });
    await writer.write(rows);
    expect(await asyncRefusal(() => writer.write(bad))).toBe(code);
    expect(readdirSync(own)).toEqual(["file"]);
  }
  const few = await createNpyFile(path, { dim: 2, count: 3 });
  await few.write(rows);
  expect(await asyncRefusal(() => few.commit())).toBe("LENGTH_MISMATCH");
  expect(readdirSync(own)).toEqual(["file"]);
  expect(readFileSync(path, "utf8")).toBe(OLD);
});
