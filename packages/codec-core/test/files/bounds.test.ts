/** What a file may cost its reader: memory and time that the bytes which are there justify, whatever the header says. */
import { spawnSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPith, openVectors } from "../../src/files/index.ts";
import { parseHeader, parsePith, serializePith } from "../../src/index.ts";
import { plainCodes, prefixed, rawBytes } from "../format/raw-file.ts";
import { asyncRefusal, refusal } from "../format/refusal.ts";
import { scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const MiB = 2 ** 20;

/** Bytes of memory that `read` leaves behind it, garbage and all; nothing is freed in so short a time. */
function memoryOf(read: () => unknown): number {
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  read();
  return used() - before;
}

describe("a file of a few hundred bytes that claims", () => {
  const claims: [string, () => Uint8Array][] = [];
  for (const count of [2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53 - 1])
    for (const tensor of ["codes", "ids.offsets"])
      claims.push([
        `${count} rows of ${tensor}`,
        () => {
          const file = plainCodes();
          file.metadata["count"] = String(count);
          const { shape } = file.tensors[tensor] as { shape: number[] };
          file.tensors[tensor].shape = [tensor === "codes" ? count : count + 1, ...shape.slice(1)];
          return rawBytes(file);
        },
      ]);
  claims.push([
    "an offset of 2^53 - 1",
    () => {
      const file = plainCodes();
      file.tensors["codes"] = { dtype: "U8", shape: [3, 2 ** 50], data_offsets: [192, 2 ** 53 - 1] };
      return rawBytes({ ...file, data: file.data });
    },
  ]);
  claims.push(["a header of 2^63 bytes", () => prefixed(2n ** 63n, new TextEncoder().encode("{}"))]);

  test.each(claims)("%s is refused without the memory for them", async (_, make) => {
    const bytes = make();
    expect(bytes.length).toBeLessThan(2000);
    refusal(() => parsePith(bytes)); // once before, so that no code is compiled while memory is measured
    expect(memoryOf(() => expect(refusal(() => parsePith(bytes))).toBe("CORRUPT_FILE"))).toBeLessThan(MiB);
    const path = join(folder, "claim");
    writeFileSync(path, bytes);
    expect(await asyncRefusal(() => openPith(path))).toBe("CORRUPT_FILE");
  });

  test("2^40 rows as .npy or as plain safetensors is refused before a row is read", async () => {
    const shape = `'shape': (${2 ** 40}, 4), }`;
    const dict = `{'descr': '<f4', 'fortran_order': False, ${shape}`.padEnd(117);
    const npy = Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
      Buffer.from(`${dict}\n`),
    ]);
    const json = `{"a":{"dtype":"F32","shape":[${2 ** 40},4],"data_offsets":[0,${2 ** 44}]}}`;
    const path = join(folder, "matrix");
    for (const bytes of [npy, prefixed(BigInt(json.length), new TextEncoder().encode(json))]) {
      writeFileSync(path, bytes);
      expect(await asyncRefusal(() => openVectors(path))).toBe("CORRUPT_FILE");
    }
  });

  test("rows of a file with a hole are read in blocks, however many there are", async () => {
    const header = Buffer.from(
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${2 ** 30}, 4), }`.padEnd(117),
    );
    const path = join(folder, "hole");
    writeFileSync(
      path,
      Buffer.concat([Buffer.from("\x93NUMPY\x01\0\x76\0", "latin1"), header, Buffer.from("\n")]),
    );
    truncateSync(path, 128 + 2 ** 34);
    await using source = await openVectors(path);
    expect(source.count).toBe(2 ** 30);
    for await (const block of source.rows()) {
      expect(block.data.byteLength).toBeLessThanOrEqual(4 * MiB);
      break;
    }
  });
});

describe("a header of megabytes", () => {
  const header = (json: string): Uint8Array => new TextEncoder().encode(json);
  /** Seconds of processor time, which other processes that run don't add to. */
  const seconds = async (work: () => unknown): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };

  test("with a million members in its metadata is LIMIT_EXCEEDED, about as soon as JSON.parse is done with it", async () => {
    const members = Array.from({ length: 1_000_000 }, (_, i) => `"${i}":""`);
    const text = `{"__metadata__":{${members}}}`;
    const bytes = header(text);
    const refusing = await seconds(() => {
      expect(refusal(() => parseHeader(bytes, bytes.length + 8))).toBe("LIMIT_EXCEEDED");
    });
    const parsing = await seconds(() => JSON.parse(text));
    expect(refusing).toBeLessThan(30 * parsing);
  });

  test("with params longer than 65,536 characters is refused before they are parsed, and none is written", () => {
    const params = JSON.stringify({ a: new Array(30_000).fill([]) });
    const file = plainCodes();
    file.metadata["params"] = params;
    expect(() => parsePith(rawBytes(file))).toThrow(/^params: 90007 characters, more than 65536$/);
    const right = parsePith(rawBytes(plainCodes()));
    const codec = { name: "toy", version: 1, params: JSON.parse(params) as { a: [] } };
    expect(refusal(() => serializePith({ ...right, codec }))).toBe("INVALID_ARGUMENT");
  });

  test("with a .npy shape of a million numbers is refused in a line", async () => {
    const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1,".repeat(1_000_000)}), }\n`;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(dict.length);
    const path = join(folder, "shape");
    writeFileSync(path, Buffer.concat([Buffer.from("\x93NUMPY\x02\0", "latin1"), length, Buffer.from(dict)]));
    const error = await openVectors(path).catch((e: Error) => e);
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  test("with 60,000 state tensors opens and gives its state, in time that grows as they do", async () => {
    const opening = async (count: number): Promise<number> => {
      const tensors: [string, object][] = Array.from({ length: count }, (_, i) => [
        `state.a${i}`,
        { dtype: "U8", shape: [0], bytes: new Uint8Array(0) },
      ]);
      const right = parsePith(rawBytes(plainCodes()));
      const all = { ...right.tensors, ...Object.fromEntries(tensors) };
      const path = join(folder, "tensors");
      writeFileSync(path, serializePith({ ...right, tensors: all } as typeof right));
      return await seconds(async () => {
        await using file = await openPith(path);
        const state = await file.state();
        expect(Object.keys(state.tensors).length).toBe(count + 1);
      });
    };
    const [few, many] = [await opening(6000), await opening(60_000)];
    // Ten times as many take ten times as long; a hundred times where each was compared with all others.
    expect(many).toBeLessThan(40 * few);
  });

  test("takes at most 32 times its bytes, and 64 MiB", () => {
    // In processes of their own, whose peak is theirs alone.
    const index = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
    const texts = {
      "60,000 tensors": `'{' + Array.from({ length: 60000 }, (_, i) => '"' + i + '":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}') + '}'`,
      "long shapes": `'{' + Array.from({ length: 60000 }, (_, i) => '"' + i + '":{"dtype":"U8","shape":[' + new Array(64).fill(0) + '],"data_offsets":[0,0]}') + '}'`,
      "60,000 metadata members": `'{"__metadata__":{' + Array.from({ length: 60000 }, (_, i) => '"' + i + '":"' + 'x'.repeat(200) + '"') + '}}'`,
      "one long string": `'{"__metadata__":{"a":"' + '\\\\n'.repeat(7e6) + '"}}'`,
    };
    for (const [what, text] of Object.entries(texts)) {
      const body = `const { parseHeader } = await import(${index});
        let text = ${text};
        const header = new TextEncoder().encode(text);
        text = undefined;
        globalThis.gc();
        const before = process.memoryUsage().rss;
        parseHeader(header, header.length + 8);
        console.log(JSON.stringify([header.length, process.resourceUsage().maxRSS * 1024 - before]));`;
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ["--expose-gc", "--input-type=module", "-e", body],
        {
          encoding: "utf8",
        },
      );
      expect(stderr, what).toBe("");
      const [length, peak] = JSON.parse(stdout) as [number, number];
      expect(peak, `${what}: peak of a header of ${length} bytes`).toBeLessThan(32 * length + 64 * MiB);
    }
  }, 120_000);
});
