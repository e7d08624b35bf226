import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createVectorsFile,
  formatOfName,
  ID_FORMATS,
  openVectors,
  type RowSource,
  VECTOR_FORMATS,
  type VectorFormat,
} from "../../src/files/index.ts";
import { type Id, IdColumn, isPithError, SplitMix64, type Vectors, vectors } from "../../src/index.ts";
import { leftovers, scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
let files = 0;
const path = (ending: string): string => join(folder, `${files++}${ending}`);

function put(ending: string, content: string | Uint8Array): string {
  const file = path(ending);
  writeFileSync(file, content);
  return file;
}

function floats(count: number, dim: number): Vectors {
  const random = new SplitMix64(count + dim);
  return vectors(
    Float32Array.from({ length: count * dim }, () => random.gaussian()),
    dim,
  );
}

async function gather(source: RowSource, range = {}): Promise<number[]> {
  const data: number[] = [];
  for await (const block of source.rows(range)) data.push(...block.data);
  return data;
}

async function read(
  file: string,
): Promise<{ data: number[]; dim: number; ids: Id[] | undefined; format: string }> {
  await using source = await openVectors(file);
  const ids = (await source.ids())?.toArray();
  expect(source.hasIds).toBe(ids !== undefined);
  return { data: await gather(source), dim: source.dim, ids, format: source.format };
}

/** The code and the text of what reading a file to its end throws. */
async function refusal(file: string): Promise<string> {
  try {
    await read(file);
  } catch (error) {
    if (isPithError(error)) return `${error.code} ${error.message.replaceAll(folder, "")}`;
    throw error;
  }
  return "accepted";
}

describe.each(VECTOR_FORMATS)("%s", (format) => {
  const ending = format === "pith" ? ".pith.safetensors" : `.${format}`;

  test.each([
    [1, 1],
    [7, 5],
    [1500, 90],
  ])("%d rows of dim %d come back bit for bit, from any row on", async (count, dim) => {
    const all = floats(count, dim);
    const file = path(ending);
    const writer = await createVectorsFile(file, format, { count, dim });
    for (let at = 0; at < count; at += 400)
      await writer.write(vectors(all.data.slice(at * dim, Math.min(count, at + 400) * dim), dim));
    await writer.commit();
    await using source = await openVectors(file);
    expect([source.count, source.dim, source.format, source.dtype]).toEqual([count, dim, format, "f32"]);
    expect(await gather(source, { blockRows: 301 })).toEqual([...all.data]);
    for (const start of [0, 1, Math.floor(count / 2), count - 1]) {
      const end = Math.min(count, start + 3);
      expect(await gather(source, { start, end, blockRows: 2 })).toEqual([
        ...all.data.subarray(start * dim, end * dim),
      ]);
    }
  });

  test("ids are kept where the format holds them", async () => {
    const ids = [
      "plain",
      "",
      " with spaces ",
      'quo"ted',
      "com,ma",
      "two\nlines",
      "cr\r\nlf",
      "naïve 名",
      "id",
    ];
    const file = path(ending);
    const writer = await createVectorsFile(file, format, { count: 9, dim: 2, ids: IdColumn.from(ids) });
    await writer.write(floats(9, 2));
    await writer.commit();
    expect((await read(file)).ids).toEqual(ID_FORMATS.includes(format) ? ids : undefined);
  });

  test("more or fewer rows than planned, another dim and another number of ids are refused", async () => {
    const file = path(ending);
    const code = async (work: () => Promise<unknown>): Promise<string> =>
      work().then(
        () => "accepted",
        (error) => error.code,
      );
    const start = (count: number): ReturnType<typeof createVectorsFile> =>
      createVectorsFile(file, format, { count, dim: 2 });
    expect(await code(async () => (await start(2)).write(floats(3, 2)))).toBe("LENGTH_MISMATCH");
    expect(await code(async () => (await start(2)).commit())).toBe("LENGTH_MISMATCH");
    expect(await code(async () => (await start(2)).write(floats(2, 3)))).toBe("DIM_MISMATCH");
    const ids = IdColumn.from(["a"]);
    expect(await code(() => createVectorsFile(file, format, { count: 2, dim: 2, ids }))).toBe(
      "ID_COUNT_MISMATCH",
    );
    expect(leftovers(folder)).toEqual([]);
  });
});

test("integer ids stay numbers in JSONL; 64-bit ones become strings; CSV has strings alone", async () => {
  for (const [format, ids, expected] of [
    ["jsonl", [1, -2], [1, -2]],
    ["jsonl", [1n, 2n ** 60n], ["1", "1152921504606846976"]],
    ["csv", [1, -2], ["1", "-2"]],
  ] as const) {
    const file = path(`.${format}`);
    const writer = await createVectorsFile(file, format, { count: 2, dim: 3, ids: IdColumn.from(ids) });
    await writer.write(floats(2, 3));
    await writer.commit();
    expect((await read(file)).ids).toEqual(expected);
  }
});

test("what holds no float16 says so", async () => {
  for (const format of ["fvecs", "jsonl", "csv"] as const)
    await expect(
      createVectorsFile(path(".x"), format, { count: 1, dim: 1, dtype: "f16" }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
});

test("the format of a name", () => {
  const names: [string, VectorFormat | undefined][] = [
    ["a.npy", "npy"],
    ["A.JSONL", "jsonl"],
    ["a.ndjson", "jsonl"],
    ["a.pith.safetensors", "pith"],
    ["a.safetensors", "safetensors"],
    ["a.pith", "pith"],
    ["dir.csv/a", undefined],
    ["a.txt", undefined],
  ];
  for (const [name, format] of names) expect(formatOfName(name)).toBe(format);
});

describe("JSONL of others", () => {
  test("any of the names; other members, blank lines, CR LF and a byte order mark make no difference", async () => {
    const text =
      '\ufeff{"_id":"a","text":"x","embedding":[1,2.5]}\r\n\r\n{"id":"b","values":[-3e-2,4]}\n \n{"vector":[5,6],"id":"c"}';
    for (const ending of [".jsonl", ".unknown"]) {
      const found = await read(put(ending, ending === ".jsonl" ? text : text.slice(1)));
      expect(found).toEqual({
        data: [1, 2.5, Math.fround(-0.03), 4, 5, 6],
        dim: 2,
        ids: ["a", "b", "c"],
        format: "jsonl",
      });
    }
  });

  test.each([
    ["no JSON", '{"vector":[1]}\n{"vector":[1}\n', /^CORRUPT_FILE .*line 2: expected a JSON object/],
    ["no object", '{"vector":[1]}\n[1]\n', /^CORRUPT_FILE .*line 2: expected a JSON object/],
    [
      "no vector",
      '{"vector":[1]}\n\n{"vec":[1]}\n',
      /^CORRUPT_FILE .*line 3: expected an array of numbers as "vector"/,
    ],
    ["a vector that is none", '{"vector":"1"}\n', /^CORRUPT_FILE .*line 1: expected an array of numbers/],
    ["an empty vector", '{"vector":[]}\n', /^DIM_UNSUPPORTED .*line 1: expected a dim from 1/],
    [
      "a ragged row",
      '{"vector":[1,2]}\n{"vector":[1]}\n',
      /^DIM_MISMATCH .*line 2: expected 2 numbers .* got 1/,
    ],
    [
      "a string for a number",
      '{"vector":[1,"2"]}\n',
      /^CORRUPT_FILE .*line 1: expected a number in column 1, got "2"/,
    ],
    [
      "null for a number",
      '{"vector":[1]}\n{"vector":[null]}',
      /^CORRUPT_FILE .*line 2: .*column 0, got null/,
    ],
    ["NaN", '{"vector":[1]}\n{"vector":[NaN]}\n', /^NOT_FINITE .*line 2: expected finite numbers, got NaN/],
    ["-Infinity", '{"vector":[1, -Infinity]}\n', /^NOT_FINITE .*line 1: .*got -Infinity/],
    ["beyond float32", '{"vector":[1]}\n{"vector":[1e39]}\n', /^NOT_FINITE .*line 2: .*1e\+39 in column 0/],
    [
      "an id that isn't there",
      '{"id":1,"vector":[1]}\n{"vector":[1]}\n',
      /^CORRUPT_FILE .*line 2: expected an id/,
    ],
    [
      "ids of two types",
      '{"id":1,"vector":[1]}\n{"id":"1","vector":[1]}\n',
      /^CORRUPT_FILE .*line 2: .*is a number/,
    ],
    [
      "an id beyond 2^53",
      '{"id":1,"vector":[1]}\n{"id":9007199254740993,"vector":[1]}\n',
      /^CORRUPT_FILE .*line 2: .*2\^53/,
    ],
    ["blank lines alone", "\n \n", /^EMPTY_INPUT .*expected vectors, got no rows/],
    ["nothing", "", /^EMPTY_INPUT .*the file is empty/],
  ])("%s", async (_, text, expected) => {
    expect(await refusal(put(".jsonl", text))).toMatch(expected);
  });

  test("bytes that aren't UTF-8 are named by line", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"vector":[1]}\n{"id":"'),
      Uint8Array.of(0xff),
      Buffer.from('","vector":[1]}\n'),
    ]);
    expect(await refusal(put(".jsonl", bytes))).toMatch(
      /^UNSUPPORTED_FORMAT .*line 2: expected text in UTF-8/,
    );
  });

  test("a line longer than the limit is refused", async () => {
    expect(await refusal(put(".jsonl", `{"vector":[1${" ".repeat(17 * 2 ** 20)}]}\n{"vector":[1]}`))).toMatch(
      /^LIMIT_EXCEEDED .*line 1: longer than 16777216 bytes/,
    );
  });
});

describe("CSV of others", () => {
  test.each([
    ["without a header", "a,1,2\nb,3,4\n", ["a", "b"]],
    ["with a header", "name,x,y\na,1,2\nb,3,4\n", ["a", "b"]],
    ["as pandas writes it", ",0,1\na,1,2\nb,3,4\n", ["a", "b"]],
    ["with a header of numbers and an id", "id,0,1\na,1,2\nb,3,4\n", ["a", "b"]],
    ["with CR LF and no end of line", "a,1,2\r\nb,3,4", ["a", "b"]],
    ["with spaces, signs and blank lines", "a, 1 ,+2\n\nb,3.0,.4e1\n", ["a", "b"]],
    ["quoted", '"a ""x"", y",1,"2"\n"b\nc",3,4\n', ['a "x", y', "b\nc"]],
    ["with a byte order mark", "\ufeffa,1,2\nb,3,4\n", ["a", "b"]],
  ])("%s", async (_, text, ids) => {
    expect(await read(put(".csv", text))).toEqual({ data: [1, 2, 3, 4], dim: 2, ids, format: "csv" });
  });

  test.each([
    [
      "a word for a number",
      "a,1,2\nb,3,x\n",
      /^CORRUPT_FILE .*line 2: expected a number in column 1, got "x"/,
    ],
    ["an empty cell", "a,1,2\nb,,4\n", /^CORRUPT_FILE .*line 2: expected a number in column 0, got ""/],
    ["hex", "a,1,2\nb,0x10,4\n", /^CORRUPT_FILE .*line 2: .*got "0x10"/],
    ["nan", "a,1,2\n\nb,nan,4\n", /^NOT_FINITE .*line 3: expected finite numbers, got nan in column 0/],
    ["inf", "a,1,-inf\nb,1,4\n", /^NOT_FINITE .*line 1: .*got -inf in column 1/],
    ["beyond float64", "a,1,1e999\n", /^NOT_FINITE .*line 1: .*got 1e999 in column 1/],
    ["beyond float32", "a,1,1e39\n", /^NOT_FINITE .*line 1/],
    ["a ragged row", "a,1,2\nb,3\n", /^DIM_MISMATCH .*line 2: expected 2 numbers .* got 1/],
    ["ids alone", "a\nb\n", /^DIM_UNSUPPORTED .*line 1: expected a dim/],
    ["a header alone", "id,x\n", /^EMPTY_INPUT .*got no rows/],
    ["a quote that doesn't end", 'a,1,2\n"b,3,4\n', /^CORRUPT_FILE .*line 2: a quoted cell that doesn't end/],
    ["text behind a quote", '"a"b,1,2\n', /^CORRUPT_FILE .*line 1: a quote inside of cell 0/],
  ])("%s", async (_, text, expected) => {
    expect(await refusal(put(".csv", text))).toMatch(expected);
  });

  test("lines of a quoted cell at the end of a block of text: rows are found from any one on", async () => {
    const rows = 6000;
    const text = Array.from({ length: rows }, (_, i) => `"${`${i}\n`.repeat(100)}",${i},1\n`).join("");
    expect(text.length).toBeGreaterThan(2 ** 21);
    await using source = await openVectors(put(".csv", text));
    expect(source.count).toBe(rows);
    for (let start = 0; start < rows; start += 611)
      expect(await gather(source, { start, end: start + 1 })).toEqual([start, 1]);
  });
});

describe(".fvecs", () => {
  const row = (dim: number, ...values: number[]): Buffer =>
    Buffer.concat([Buffer.from(Int32Array.of(dim).buffer), Buffer.from(Float32Array.from(values).buffer)]);

  test("is known by its content too; a first element of zero isn't taken for safetensors", async () => {
    const bytes = Buffer.concat([row(2, 0, 1.5), row(2, 3, 4)]);
    for (const ending of [".fvecs", ".unknown"])
      expect(await read(put(ending, bytes))).toEqual({
        data: [0, 1.5, 3, 4],
        dim: 2,
        ids: undefined,
        format: "fvecs",
      });
    const brace = new Float32Array(Uint32Array.of(0x3f80007b).buffer)[0];
    expect((await read(put(".fvecs", Buffer.concat([row(2, 0, brace)])))).data).toEqual([0, brace]);
  });

  test.each([
    ["a cut file", row(2, 1, 2).subarray(0, 11), /^CORRUPT_FILE .*rows of dim 2 take 12 bytes; 11 bytes/],
    ["three bytes", Buffer.of(1, 0, 0), /^CORRUPT_FILE .*3 bytes are too few/],
    ["dim 0", Buffer.alloc(8), /^DIM_UNSUPPORTED /],
    ["a negative dim", row(-1, 1), /^DIM_UNSUPPORTED /],
    [
      "a ragged row",
      Buffer.concat([row(2, 1, 2), row(1, 1), row(0)]),
      /^CORRUPT_FILE .*row 1: expected dim 2 .* got 1/,
    ],
  ])("%s", async (_, bytes, expected) => {
    expect(await refusal(put(".fvecs", bytes))).toMatch(expected);
  });

  test("what is written is as the format says", async () => {
    const file = path(".fvecs");
    const writer = await createVectorsFile(file, "fvecs", { count: 2, dim: 2 });
    await writer.write(vectors(Float32Array.of(1, 2, 3, 4), 2));
    await writer.commit();
    expect(readFileSync(file).equals(Buffer.concat([row(2, 1, 2), row(2, 3, 4)]))).toBe(true);
  });
});
