/** Runs the built command in a child process, in a temporary folder that goes with the test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, vi } from "vitest";

// Each test starts several processes, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

export const MAIN: string = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/** `pith ARGS`, to its end. */
export function pith(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return outcome(start(args, options));
}

/** `pith ARGS`, begun. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return run(process.execPath, [MAIN, ...args], options);
}

export function run(
  command: string,
  args: readonly string[],
  { env, ...options }: RunOptions = {},
): ChildProcess {
  return spawn(command, args, {
    ...options,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A line of progress: whether one comes depends on how busy the machine is. */
const PROGRESS = /^[a-z0-9 ]+: \d+% \([\d,]+ of [\d,]+\)\n/gm;

/** What a process has done when it ended; `stderr` without lines of progress. */
export function outcome(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) =>
      resolve({ status, signal, stdout, stderr: stderr.replaceAll(PROGRESS, "") }),
    );
  });
}

/** Most times as much work, until a signal comes in the middle of it. */
const MOST_TIMES = 64;

/**
 * What a command has done when these signals came while `seen` held: a state that begins at some moment of its work, and
 * ends before the work does. `begin` starts it with `times` as much work as at first: more where it was too fast.
 */
export async function interrupted(
  begin: (times: number) => ChildProcess | Promise<ChildProcess>,
  seen: (child: ChildProcess) => boolean,
  ...signals: NodeJS.Signals[]
): Promise<Outcome> {
  for (let times = 1; times <= MOST_TIMES; times *= 2) {
    const { held, ...ended } = await signalled(await begin(times), seen, ...signals);
    if (held && ended.status !== 0) return ended;
  }
  throw new Error(`no ${signals.join(" and ")} came in the middle of the work, or none was heeded`);
}

/**
 * Stops a command once `seen` holds, sends the signals, and lets it go on to its end. `held`: it stood still in that state
 * when they came, however long this process and that one had to wait for their turns.
 */
export async function signalled(
  child: ChildProcess,
  seen: (child: ChildProcess) => boolean,
  ...signals: NodeJS.Signals[]
): Promise<Outcome & { held: boolean }> {
  const end = outcome(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  while (isRunning(child) && !seen(child)) await sleep(1);
  child.kill("SIGSTOP");
  while (isRunning(child) && !isStopped(child)) await sleep(1);
  const held = isRunning(child) && seen(child);
  for (const signal of [...signals, "SIGCONT"] as const) child.kill(signal);
  return { ...(await end), held };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function isStopped({ pid }: ChildProcess): boolean {
  if (process.platform === "linux") return statOf(pid)[0] === "T";
  return spawnSync("ps", ["-o", "stat=", "-p", `${pid}`], { encoding: "utf8" }).stdout.startsWith("T");
}

/** Linux: the fields of /proc/PID/stat from the state on; none of a process that is gone. */
function statOf(pid: number | undefined): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** Linux: seconds that a process has worked for, in ticks of a hundredth. */
export function workedFor({ pid }: ChildProcess): number {
  const stat = statOf(pid);
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

/** Linux: whether a process has a file of this name open, as a command has once it heeds signals. */
export function isReading({ pid }: ChildProcess, file: string): boolean {
  const files = `/proc/${pid}/fd`;
  try {
    return readdirSync(files).some((fd) => {
      try {
        return readlinkSync(join(files, fd)).endsWith(`/${file}`);
      } catch {
        return false; // closed since
      }
    });
  } catch {
    return false; // the process is gone
  }
}

/** Bytes of codes that an unfinished `compress` in this folder has noted in its journal; `old` ones are passed over. */
export function noted(cwd: string, old: readonly string[] = []): number {
  const journals = readdirSync(cwd).filter((name) => name.endsWith(".resume") && !old.includes(name));
  const all = journals.flatMap((name) => {
    try {
      return [...readFileSync(join(cwd, name), "utf8").matchAll(/"codes":\[(\d+),/g)];
    } catch {
      return []; // gone since
    }
  });
  return Math.max(0, ...all.map(([, bytes]) => Number(bytes)));
}

/** The one line of text that a command that went well prints, or several. */
export async function text(args: readonly string[], options?: RunOptions): Promise<string> {
  const { status, stdout, stderr } = await pith(args, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** What a command prints with --json: all of standard output is one document. */
export async function json<T = { [key: string]: unknown }>(
  args: readonly string[],
  options?: RunOptions,
): Promise<T> {
  return JSON.parse(await text([...args, "--json"], options)) as T;
}

/** A folder of the test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "pith-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Every file below a folder with a hash of its content, temporary files too. */
export function snapshot(path: string): { [file: string]: string } {
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    files.map((file) => {
      const full = join(path, file);
      return [file, statSync(full).isFile() ? sha256(readFileSync(full)) : "folder"];
    }),
  );
}

/**
 * The command fails as it should: this exit code, nothing on standard output, one line on standard error with this
 * code and without a stack, and every file in `cwd` as it was, none added.
 */
export async function expectFailure(
  cwd: string,
  args: readonly string[],
  status: number,
  code: string,
  line: RegExp,
): Promise<void> {
  const before = snapshot(cwd);
  const failed = await pith(args, { cwd });
  expect(failed).toMatchObject({ status, stdout: "" });
  expectOneLine(failed.stderr, code, line);
  expect(snapshot(cwd)).toEqual(before);
}

export function expectOneLine(stderr: string, code: string, line: RegExp): void {
  expect(stderr).toMatch(/^pith: [^\n]+ \[[A-Z_0-9]+\]\n$/);
  expect(stderr).toMatch(line);
  expect(stderr).toContain(`[${code}]`);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
