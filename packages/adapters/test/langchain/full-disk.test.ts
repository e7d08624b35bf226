/** A store whose files can't grow any more: what was acknowledged is there, what was refused isn't, and the store goes on. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { PithVectorStore } from "../../src/langchain/index.ts";
import { folder, TextEmbeddings } from "./places.ts";

const DIST = JSON.stringify(new URL("../../dist/langchain/index.js", import.meta.url).href);

/** Adds until it was refused three times, and says what it holds. */
const SCRIPT = `
  import { PithVectorStore } from ${DIST};
  const text = "x".repeat(3000);
  const store = await PithVectorStore.open(process.argv[1], {}, { encodeFrom: 0, compactAfter: 16 });
  const said = { acknowledged: [], refused: [] };
  for (let i = 0; said.refused.length < 3; i++) {
    const ids = [0, 1, 2].map((j) => "d" + (3 * i + j));
    const vectors = ids.map((_, j) => [Math.sin(3 * i + j), Math.cos(3 * i + j), 1]);
    try {
      await store.addVectors(vectors, ids.map((id) => ({ pageContent: text, metadata: {}, id })));
      said.acknowledged.push(...ids);
    } catch (error) {
      said.refused.push([ids[0], error.name, error.code]);
    }
  }
  said.size = store.size;
  said.found = (await store.similaritySearchVectorWithScore([1, 1, 1], 9999)).length;
  said.code = (store.stats().compactionError ?? {}).code;
  console.log(JSON.stringify(said));
  process.kill(process.pid, "SIGKILL");`;

test.skipIf(process.platform === "win32")(
  "a file larger than ulimit -f: typed errors, nothing half-written",
  async () => {
    const directory = folder();
    // Blocks of 1024 bytes.
    const limited = 'ulimit -f 700; exec "$0" --input-type=module -e "$1" "$2"';
    const { stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, SCRIPT, directory], {
      encoding: "utf8",
    });
    expect(stdout, stderr).not.toBe("");
    const said = JSON.parse(stdout) as {
      acknowledged: string[];
      refused: string[][];
      size: number;
      found: number;
    };
    for (const [, name, code] of said.refused) expect([name, code]).toEqual(["PithError", "IO"]);
    expect(said.acknowledged.length).toBeGreaterThan(30);
    expect(said.size).toBe(said.acknowledged.length);
    expect(said.found).toBe(said.acknowledged.length);
    const store = await PithVectorStore.open(directory, new TextEmbeddings(3));
    expect(store.size).toBe(said.acknowledged.length);
    expect(await store.getByIds(said.acknowledged)).toHaveLength(said.acknowledged.length);
    expect(await store.getByIds(said.refused.map(([id]) => id))).toEqual([]);
    await store.addVectors([[1, 2, 3]], [{ pageContent: "room again", metadata: {}, id: "new" }]);
    await store.compact();
    await store.close();
  },
);
