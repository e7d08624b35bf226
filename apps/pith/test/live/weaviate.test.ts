/** `pith push` and `pith pull` with a real Weaviate. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { npy, put, randomVectors } from "../inputs.ts";
import { folder, json, pith, text } from "../pith.ts";

const url = process.env["PITH_LIVE_WEAVIATE"];
const key = process.env["PITH_LIVE_WEAVIATE_KEY"] ?? "";

/** An address of the collection in the tests' server. */
function addressOf(collection: string, settings: string = ""): string {
  const { hostname, port, search } = new URL((url ?? "").replace("weaviate:", "http:"));
  return `weaviate://${hostname}:${port}/${collection}${search}${settings}`;
}

test.skipIf(!url)("a file pushed to Weaviate and pulled is the same file", async () => {
  const cwd = folder();
  const env = { WEAVIATE_API_KEY: key };
  put(cwd, { "in.npy": npy(randomVectors(300, 16, 1)) });
  await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
  const there = addressOf(`Cli${process.pid}`);
  const push = ["push", "a.pith", there, "--mode", "payload"];
  expect(await json(push, { cwd, env })).toMatchObject({ stored: 300, failed: [], mode: "payload" });
  await text(["pull", there, "b.pith"], { cwd, env });
  expect(readFileSync(join(cwd, "b.pith")).equals(readFileSync(join(cwd, "a.pith")))).toBe(true);
  expect(await json([...push, "--resume"], { cwd, env })).toMatchObject({ stored: 0, skipped: 300 });
  const other = addressOf(`Cli${process.pid}b`, "&quantizer=rq4");
  const vectors = ["push", "in.npy", other, "--codec", "int8"];
  expect(await json(vectors, { cwd, env })).toMatchObject({
    mode: "sidecar",
    settings: { quantizer: "rq4" },
  });
});

test.skipIf(!url)("a wrong key, a wrong setting and nobody there are said in one line", async () => {
  const cwd = folder();
  put(cwd, { "in.npy": npy(randomVectors(20, 16, 1)) });
  await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
  for (const [address, said] of [
    [addressOf("Docs"), /key/],
    [addressOf("Docs", "&quantizr=rq8"), /quantizr/],
    ["weaviate://127.0.0.1:1/Docs?grpc=1", /Weaviate/],
  ] as const) {
    const { status, stderr, stdout } = await pith(["push", "a.pith", address], {
      cwd,
      env: { WEAVIATE_API_KEY: "sesame-1" },
    });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(said);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr + stdout).not.toContain("sesame-1");
  }
});
