/** LangChain's indexing over a store: documents under ids that it makes of their content, and old ones cleaned up. */
import { index } from "@langchain/core/indexing";
import { describe, expect, test } from "vitest";
import { places, TextEmbeddings } from "./places.ts";

type Records = Parameters<typeof index>[0]["recordManager"];

/** What was indexed when, in memory, on a clock that counts. */
function records(): Records {
  const known = new Map<string, { at: number; group: string | null }>();
  let now = 0;
  const manager = {
    lc_namespace: ["tests"],
    createSchema: async () => {},
    getTime: async () => ++now,
    update: async (keys: string[], { groupIds }: { groupIds?: (string | null)[] } = {}) => {
      keys.forEach((key, i) => {
        known.set(key, { at: now, group: groupIds?.[i] ?? null });
      });
    },
    exists: async (keys: string[]) => keys.map((key) => known.has(key)),
    listKeys: async ({
      before = Infinity,
      groupIds,
    }: {
      before?: number;
      groupIds?: (string | null)[];
    } = {}) =>
      [...known]
        .filter(([, { at, group }]) => at < before && (!groupIds || groupIds.includes(group)))
        .map(([key]) => key),
    deleteKeys: async (keys: string[]) => {
      for (const key of keys) known.delete(key);
    },
  };
  return manager as unknown as Records;
}

describe.each(places)("LangChain's index over a store %s", (_, make) => {
  test("adds what is new, skips what is known, and removes what is gone", async () => {
    const vectorStore = await make(new TextEmbeddings(6));
    const recordManager = records();
    const run = (texts: string[]): Promise<unknown> =>
      index({
        docsSource: texts.map((pageContent) => ({ pageContent, metadata: { source: "a" } })),
        recordManager,
        vectorStore,
        options: { cleanup: "full", sourceIdKey: "source" },
      });
    expect(await run(["one", "two", "two"])).toMatchObject({ numAdded: 2, numSkipped: 0, numDeleted: 0 });
    expect(vectorStore.size).toBe(2);
    expect(await run(["two", "three"])).toMatchObject({ numAdded: 1, numSkipped: 1, numDeleted: 1 });
    expect((await vectorStore.similaritySearch("x", 9)).map((d) => d.pageContent).sort()).toEqual([
      "three",
      "two",
    ]);
    await vectorStore.close();
  });
});
