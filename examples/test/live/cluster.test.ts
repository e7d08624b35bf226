/** The example of a cluster, at a small size: whether anything is lost when a node is killed and comes back. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../cluster/main.mjs", import.meta.url));
const [COUNT, LATE] = [2000, 20];

interface Searched {
  readonly recall: number;
  readonly failures: object;
}

interface Step {
  readonly step: string;
  readonly points: number;
  readonly lost: number;
  readonly strange: number;
  readonly one: Searched;
  readonly many: Searched;
}

test.skipIf(!process.env["PITH_LIVE_WEAVIATE"])("a cluster of three loses nothing with a node", async () => {
  // Without the variables of the server that the other tests have; in the same namespace, if there is one.
  const args = [MAIN, "--json", "--count", `${COUNT}`, "--sizes", "0", "--queries", "30", "--settle", "0"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  const report = JSON.parse(stdout) as { pushed: { stored: number }; steps: Step[]; cluster: object };
  expect(report.cluster).toMatchObject({ shards: 3, replicas: 3, asyncReplication: true, quantizer: "rq8" });
  expect(report.pushed.stored).toBe(COUNT);
  expect(report.steps.map(({ step }) => step)).toEqual(["before", "one node down", "all back"]);
  for (const [i, { points, lost, strange, one, many }] of report.steps.entries()) {
    expect([points, lost, strange]).toEqual([i === 0 ? COUNT : COUNT + LATE, 0, 0]);
    // The index is a graph, and so nearly exact at this size.
    for (const { recall, failures } of [one, many]) {
      expect(recall).toBeGreaterThan(0.97);
      expect(failures).toEqual({});
    }
  }
});
