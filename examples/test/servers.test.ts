/** What tools/servers promises of the servers that it starts: none is left behind, and one that doesn't start says why. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const TOOLS = fileURLToPath(new URL("../../tools/servers/", import.meta.url));

/** Runs a program of the tools' to its end, or until it has printed something. */
function program(source: string): ReturnType<typeof spawn> {
  const imports = `
    import { freePorts } from ${JSON.stringify(pathToFileURL(join(TOOLS, "ports.mjs")).href)};
    import { ServerProcess, stopOnSignals, stopServers } from ${JSON.stringify(pathToFileURL(join(TOOLS, "processes.mjs")).href)};
    const serverOf = (source, ready) => new ServerProcess({
      name: "the server", command: [process.execPath, "-e", source], env: process.env, log: ${JSON.stringify(join(folder, "log"))}, ready,
    });`;
  return spawn(process.execPath, ["--input-type=module", "-e", imports + source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function printed(child: ReturnType<typeof spawn>): Promise<string> {
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return chunk.toString().trim();
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pith-servers-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STAYS = "setInterval(() => {}, 1000)";

test("a server that ends before it is ready: its last words", async () => {
  const child = program(`
    const server = serverOf("console.error('no such setting'); process.exit(3)", async () => false);
    await server.start().catch((error) => console.log(error.message));`);
  const words = await printed(child);
  expect(words).toContain("ended with code 3");
  expect(words).toContain("no such setting");
});

test("a server that never is ready is stopped", async () => {
  const child = program(`
    const server = serverOf(${JSON.stringify(STAYS)}, async () => false);
    await server.start(100).catch((error) => console.log(server.pid, error.message));`);
  const words = await printed(child);
  expect(words).toContain("isn't ready");
  expect(isThere(Number.parseInt(words, 10))).toBe(false);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "an error", "the end"] as const)(
  "no server outlives its parent: %s",
  async (how) => {
    // Only Linux can end the children of a process that is killed.
    if (how === "SIGKILL" && process.platform !== "linux") return;
    const end = how === "an error" ? "throw new Error()" : how === "the end" ? "process.exit(0)" : STAYS;
    const child = program(`
      stopOnSignals();
      const server = serverOf(${JSON.stringify(STAYS)}, async () => true);
      await server.start();
      console.log(server.pid);
      ${end};`);
    const pid = Number(await printed(child));
    if (how.startsWith("SIG")) child.kill(how as NodeJS.Signals);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await expect.poll(() => isThere(pid), { timeout: 60_000 }).toBe(false);
  },
);

test("ports that something listens on are left alone", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const child = program(`console.log(await freePorts(3, ${port - 1}));`);
  const base = Number(await printed(child));
  expect(base === port - 1 || base === port || base + 2 === port).toBe(false);
  expect(base).toBeGreaterThanOrEqual(port - 1);
  taken.close();
});

/** Whether a process runs; one that has ended and that nobody has asked after doesn't. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
