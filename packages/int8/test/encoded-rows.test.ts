/** Rows that are encoded by an index and added to it later, or to another one of its kind. */
import { isPithError, SplitMix64, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { FlatIndex, int8 } from "../src/index.ts";

const DIM = 12;
const random = new SplitMix64(3);
const v: Vectors = {
  data: Float32Array.from({ length: 40 * DIM }, () => random.gaussian()),
  dim: DIM,
  count: 40,
};
const ids = Array.from({ length: 40 }, (_, i) => i);
const codec = int8.create({ dim: DIM });
const query = v.data.slice(0, DIM);

test.each([["none"], ["f16"], ["f32"], [int8.create({ dim: DIM, group: 8 })]] as const)(
  "give the index that adding their vectors gives, with %s kept",
  async (keep) => {
    const added = new FlatIndex<number>(codec, { keep });
    added.add(ids, v);
    const from = new FlatIndex<number>(codec, { keep });
    const rows = await from.encode(v);
    expect(from.size).toBe(0);
    expect(rows.codes.length).toBe(40 * codec.stride);
    expect(rows.kept === undefined).toBe(keep === "none");
    const index = new FlatIndex<number>(codec, { keep });
    index.addEncoded([], { codes: new Uint8Array(0) });
    index.addEncoded(ids, rows);
    expect(index.toBytes()).toEqual(added.toBytes());
    const rescore = keep !== "none";
    expect(index.search(query, 5, { rescore })).toEqual(added.search(query, 5, { rescore }));
    // A copy, whatever becomes of the bytes.
    rows.codes.fill(0);
    rows.kept?.fill(0);
    expect(index.search(query, 5, { rescore })).toEqual(added.search(query, 5, { rescore }));
  },
);

test("are refused where they don't fit, with nothing changed", async () => {
  const index = new FlatIndex<number>(codec, { keep: "f16" });
  const rows = await index.encode(v);
  index.addEncoded(ids, rows);
  const fails = (code: string, more: readonly number[], change: Partial<typeof rows>): void => {
    let error: unknown;
    try {
      index.addEncoded(more, { ...rows, ...change });
    } catch (thrown) {
      error = thrown;
    }
    expect(isPithError(error) && error.code).toBe(code);
    expect(index.size).toBe(40);
    expect(index.search(query, 99)).toHaveLength(40);
  };
  const others = ids.map((id) => id + 100);
  fails("LENGTH_MISMATCH", others.slice(1), {});
  fails("LENGTH_MISMATCH", others, { codes: rows.codes.subarray(1) });
  fails("LENGTH_MISMATCH", others, { kept: undefined });
  fails("LENGTH_MISMATCH", others, { kept: rows.kept?.subarray(2) });
  fails("DUPLICATE_ID", [...others.slice(1), 3], {});
  fails("DUPLICATE_ID", [...others.slice(1), 105], {});
  await expect(index.encode({ data: v.data.subarray(0, 3), dim: 3, count: 1 })).rejects.toMatchObject({
    code: "DIM_MISMATCH",
  });
  await expect(index.encode(v, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
});
