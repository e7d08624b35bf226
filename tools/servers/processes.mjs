/**
 * Server processes that don't outlive the one that started them: stopped in order when it ends or is told to, killed by the
 * system where it is killed itself (Linux).
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

const POLL_MS = 50;
const STOP_MS = 20_000;

/** Those that run. */
const running = new Set();

export class ServerProcess {
  #child;
  #ended = Promise.resolve();

  /**
   * @param {{ name: string, command: string[], env: NodeJS.ProcessEnv, log: string, ready: () => Promise<boolean> }} of
   *   `log`: a file that its output is added to; `ready`: whether it answers
   */
  constructor(of) {
    this.of = of;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Until it answers. @throws Error with the end of the log, where it ends before or takes longer than `timeout` ms */
  async start(timeout = 60_000) {
    const { name, command, env, log, ready } = this.of;
    const file = openSync(log, "a");
    const [program, ...args] = [...untilParentDies(), ...command];
    // A group of its own: Ctrl-C goes to the parent, which stops its servers in order.
    const child = spawn(program, args, { env, detached: true, stdio: ["ignore", file, file] });
    closeSync(file);
    this.#child = child;
    running.add(this);
    this.#ended = new Promise((resolve) => {
      const end = (how) => {
        running.delete(this);
        resolve(how);
      };
      child.once("exit", (code, signal) => end(signal ?? `code ${code}`));
      child.once("error", ({ message }) => end(message));
    });
    let how;
    this.#ended.then((value) => {
      how = value;
    });
    const end = Date.now() + timeout;
    while (how === undefined && Date.now() < end) {
      if (await ready().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const what = how === undefined ? `isn't ready after ${timeout / 1000} s` : `ended with ${how}`;
    await this.kill();
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-20);
    throw new Error(`${name} ${what}; the end of ${log}:\n${lines.join("\n")}`);
  }

  /** In order; killed where that takes too long. */
  async stop() {
    await this.#signal(
      "SIGTERM",
      setTimeout(() => this.#send("SIGKILL"), STOP_MS),
    );
  }

  /** At once, with no chance to write anything more. */
  async kill() {
    await this.#signal("SIGKILL");
  }

  async #signal(signal, timer) {
    this.#send(signal);
    await this.#ended;
    clearTimeout(timer);
  }

  #send(signal) {
    if (running.has(this)) this.#child.kill(signal);
  }

  /** Without waiting. */
  static killAll() {
    for (const server of running) server.#send("SIGKILL");
  }
}

/** Stops all that run, the last one first. */
export async function stopServers() {
  for (const server of [...running].reverse()) await server.stop();
}

/** Ends this process in order on Ctrl-C and its kin, `then` at the very end, with the exit code that a shell gives that. */
export function stopOnSignals(then = () => {}) {
  let ending = false;
  // Once, however often it comes: a terminal's Ctrl-C reaches this process by its parent too.
  for (const [signal, number] of [
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ])
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      stopServers()
        .then(then)
        .finally(() => process.exit(128 + number));
    });
}

process.on("exit", () => ServerProcess.killAll());

let prefix;
/** What to put before a command whose process the system is to kill when this one ends, however it does: Linux. */
export function untilParentDies() {
  const flags = ["--pdeathsig", "KILL"];
  prefix ??=
    process.platform === "linux" && spawnSync("setpriv", [...flags, "true"]).status === 0
      ? ["setpriv", ...flags]
      : [];
  return prefix;
}
