/**
 * A network namespace that has nothing but loopback (Linux, `unshare` and `ip`): servers that listen on all interfaces can't be
 * reached from outside, and nothing that runs in it can reach the internet. As root, or as a user where the system lets
 * users make namespaces.
 */
import { spawn, spawnSync } from "node:child_process";
import { untilParentDies } from "./processes.mjs";

const UP = 'ip link set lo up && exec "$@"';

/** @returns {{ prefix: string[] } | { reason: string }} what to put before a command, or why it can't be had */
export function loopbackOnly() {
  if (process.platform !== "linux") return { reason: "only Linux has network namespaces" };
  const flags = process.getuid() === 0 ? "-n" : "-rn";
  const prefix = ["unshare", flags, "sh", "-c", UP, "loopback"];
  const [command, ...args] = [...prefix, "true"];
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return { prefix };
  return { reason: error?.message ?? (stderr.trim() || `unshare ended with ${status}`) };
}

/**
 * Runs a command to its end in such a namespace, or in this one where none can be had, saying so on standard error. Signals
 * are passed on. @returns its exit code
 */
export async function runOnLoopback(command, env = process.env) {
  const { prefix = [], reason } = loopbackOnly();
  if (reason !== undefined)
    console.error(`servers: no private network (${reason}): Weaviate's gRPC port is open on all interfaces`);
  // After unshare: a change of credentials would undo it.
  const [program, ...args] = [...prefix, ...untilParentDies(), ...command];
  const child = spawn(program, args, { env, stdio: "inherit" });
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
