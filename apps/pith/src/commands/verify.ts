/** `pith verify FILE`: reads the whole file as a stranger's and says whether anything in it is wrong. */
import type { Command } from "commander";
import { verify } from "../jobs/verify.ts";
import { command } from "../terminal/command.ts";
import { count } from "../terminal/progress.ts";

export const verifyCommand: Command = command<[string], object>(
  "verify",
  "check all of a Pith file: structure, metadata, checksums, codec state, codes, ids",
  (c) => c.argument("<file>", "a Pith file"),
  async ({ print, signal }, [path]) => {
    const { info, checks } = await verify(path, signal);
    print(`${path}: good, ${info.codec?.name ?? "vectors"}, ${count(info.count)} x ${info.dim}`, {
      file: path,
      ok: true,
      kind: info.kind,
      codec: info.codec?.name ?? null,
      dim: info.dim,
      count: info.count,
      checks,
    });
  },
);
