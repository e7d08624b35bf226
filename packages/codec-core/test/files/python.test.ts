/** Files cross between this package and Python's `numpy` and `safetensors`, both ways. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
// @ts-expect-error A script without types.
import { pythonWith } from "../../../../tools/python/venv.mjs";
import { createNpyFile, createPithFile, createSafetensorsFile, openVectors } from "../../src/files/index.ts";
import { parsePith, vectors } from "../../src/index.ts";
import { GOLDEN } from "../format/golden-contents.ts";
import { asyncRefusal } from "../format/refusal.ts";
import { scratchFolder } from "./scratch.ts";

const PACKAGES = ["numpy==2.3.5", "safetensors==0.7.0"];
const folder = scratchFolder();
const goldenFolder = fileURLToPath(new URL("../golden/", import.meta.url));
let python: string | undefined;

beforeAll(async () => {
  const found = await pythonWith(PACKAGES);
  if ("python" in found) python = found.python;
  else console.warn(`skipped: files aren't checked with Python's packages: ${found.reason}`);
}, 660_000);

function run(script: string, ...args: string[]): string {
  return execFileSync(python as string, ["-c", script, ...args], { encoding: "utf8" });
}

const DESCRIBE = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import load_file
names = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "uint8": "U8"}
tensors = {n: {"dtype": names[str(t.dtype)], "shape": list(t.shape), "hex": t.tobytes().hex()} for n, t in load_file(sys.argv[1]).items()}
with safe_open(sys.argv[1], "np") as f:
    print(json.dumps({"metadata": f.metadata(), "tensors": tensors}))
`;

test("the golden files are what their generator makes", ({ skip }) => {
  const own = join(folder, "golden");
  mkdirSync(own);
  try {
    execFileSync("python3", [join(goldenFolder, "make.py"), own]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    console.warn("skipped: no python3 to make the golden files again");
    skip();
  }
  for (const file of readdirSync(own))
    expect(readFileSync(join(own, file))).toEqual(readFileSync(join(goldenFolder, file)));
  expect(readdirSync(own).length).toBe(Object.keys(GOLDEN).length + 1);
});

describe("Python reads", () => {
  test.for(Object.keys(GOLDEN))("the Pith file %s", async (name, { skip }) => {
    if (!python) skip();
    const path = join(folder, `${name}.pith.safetensors`);
    await (await createPithFile(path, GOLDEN[name])).commit();
    const { metadata, tensors } = JSON.parse(run(DESCRIBE, path));
    const { kind, dim, count, codec } = GOLDEN[name];
    expect(metadata).toMatchObject({ pith: "1", kind, dim: `${dim}`, count: `${count}` });
    if (codec) expect(JSON.parse(metadata.params)).toEqual(codec.params);
    const own = Object.fromEntries(Object.entries(tensors).filter(([tensor]) => !tensor.startsWith("_pad.")));
    const expected = Object.entries(parsePith(readFileSync(path)).tensors).map(
      ([tensor, { dtype, shape, bytes }]) => [
        tensor,
        { dtype, shape, hex: Buffer.from(bytes).toString("hex") },
      ],
    );
    expect(own).toEqual(Object.fromEntries(expected));
  });

  test("our plain safetensors and our npy, which are NumPy's bytes", async ({ skip }) => {
    if (!python) skip();
    for (const dtype of ["f32", "f16"] as const)
      for (const [count, dim] of [
        [0, 3],
        [3, 5],
        [1234, 17],
      ]) {
        const v = vectors(
          Float32Array.from({ length: count * dim }, (_, i) => (i % 999) / 8),
          dim,
        );
        const [npy, st] = [join(folder, "ours.npy"), join(folder, "ours.safetensors")];
        for (const writer of [
          await createNpyFile(npy, { count, dim, dtype }),
          await createSafetensorsFile(st, { count, dim, dtype, tensor: "x" }),
        ]) {
          await writer.write(v);
          await writer.commit();
        }
        const script = `
import sys, numpy as np
from safetensors.numpy import load_file
dtype = {"f32": np.float32, "f16": np.float16}[sys.argv[1]]
want = ((np.arange(${count * dim}) % 999) / 8).astype(dtype).reshape(${count}, ${dim})
np.save(sys.argv[4], want)
for got in (np.load(sys.argv[2]), load_file(sys.argv[3])["x"]):
    assert got.dtype == dtype and got.shape == want.shape and (got == want).all()
`;
        const theirs = join(folder, "theirs.npy");
        run(script, dtype, npy, st, theirs);
        expect(readFileSync(npy).equals(readFileSync(theirs))).toBe(true);
      }
  });
});

describe("Python writes", () => {
  test("npy of all versions and types", async ({ skip }) => {
    if (!python) skip();
    const script = `
import sys, numpy as np
a = np.arange(15, dtype=np.float32).reshape(3, 5) / 4
out = sys.argv[1]
for version in (1, 2, 3):
    for dtype in ("f4", "f2"):
        with open(f"{out}/ok-{version}-{dtype}.npy", "wb") as f:
            np.lib.format.write_array(f, a.astype(dtype), (version, 0))
for name, b in {"big": a.astype(">f4"), "double": a.astype("f8"), "int": a.astype("i4"), "fortran": np.asfortranarray(a), "flat": a.ravel(), "cube": a.reshape(3, 5, 1), "scalar": a[0, 0],
                "struct": np.zeros((2, 2), [("x", "f4")]), "object": np.array([[None, 1]], dtype=object), "text": np.array([["a"]])}.items():
    np.save(f"{out}/no-{name}.npy", b)
np.save(f"{out}/dim-0.npy", np.zeros((3, 0), np.float32))
np.savez(f"{out}/archive.npz", a=a)
`;
    const out = join(folder, "theirs");
    mkdirSync(out);
    run(script, out);
    const expected = Array.from({ length: 15 }, (_, i) => i / 4);
    let read = 0;
    for (const file of readdirSync(out)) {
      const path = join(out, file);
      if (!file.startsWith("ok-")) {
        const code = file.startsWith("dim-") ? "DIM_UNSUPPORTED" : "UNSUPPORTED_FORMAT";
        expect(await asyncRefusal(() => openVectors(path)), file).toBe(code);
        continue;
      }
      await using source = await openVectors(path);
      expect(source).toMatchObject({ count: 3, dim: 5, dtype: file.includes("f4") ? "f32" : "f16" });
      for await (const { data } of source.rows()) expect([...data]).toEqual(expected);
      read++;
    }
    expect(read).toBe(6);
  });

  test("safetensors with one matrix, or several", async ({ skip }) => {
    if (!python) skip();
    const script = `
import sys, numpy as np
from safetensors.numpy import save_file
a = np.arange(15, dtype=np.float32).reshape(3, 5) / 4
save_file({"emb": a, "ids": np.arange(3), "norms": a[:, 0].copy()}, sys.argv[1] + "/one.safetensors", metadata={"model": "é\\n\\"x\\""})
save_file({"emb": a, "half": a.astype(np.float16)}, sys.argv[1] + "/two.safetensors")
`;
    run(script, folder);
    for (const [file, tensor, dtype] of [
      ["one", undefined, "f32"],
      ["two", "emb", "f32"],
      ["two", "half", "f16"],
    ] as const) {
      await using source = await openVectors(join(folder, `${file}.safetensors`), { tensor });
      expect(source).toMatchObject({ format: "safetensors", count: 3, dim: 5, dtype });
      for await (const { data } of source.rows()) expect(data[14]).toBe(3.5);
    }
    expect(await asyncRefusal(() => openVectors(join(folder, "two.safetensors")))).toBe("INVALID_ARGUMENT");
  });
});
