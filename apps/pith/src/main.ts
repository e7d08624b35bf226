#!/usr/bin/env node
/** The `pith` command. Each subcommand is a file in commands/; the work itself is in jobs/. */
import { PithError } from "@pith/codec-core";
import { Command, CommanderError } from "commander";
import { benchCommand } from "./commands/bench.ts";
import { compressCommand } from "./commands/compress.ts";
import { convertCommand } from "./commands/convert.ts";
import { decompressCommand } from "./commands/decompress.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evalCommand } from "./commands/eval.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { pullCommand } from "./commands/pull.ts";
import { pushCommand } from "./commands/push.ts";
import { sampleCommand } from "./commands/sample.ts";
import { searchCommand } from "./commands/search.ts";
import { tuneCommand } from "./commands/tune.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT_BAD_INPUT, errorLine, reportError } from "./terminal/exit.ts";
import { VERSION } from "./version.ts";

const commands = [
  tuneCommand,
  compressCommand,
  decompressCommand,
  evalCommand,
  searchCommand,
  inspectCommand,
  verifyCommand,
  convertCommand,
  pushCommand,
  pullCommand,
  sampleCommand,
  benchCommand,
  doctorCommand,
];

const program = new Command("pith")
  .description("Makes embedding vectors smaller, says what that cost, and searches them compressed.")
  .version(VERSION)
  .addHelpText(
    "after",
    `
Examples:
  pith tune embeddings.npy --recall 0.95
  pith compress embeddings.npy -o small.pith.safetensors --codec int8 --ids names.txt
  pith eval embeddings.npy small.pith.safetensors --queries queries.npy
  pith search small.pith.safetensors --like "some id" -k 5
  pith push small.pith.safetensors qdrant://localhost:6333/documents

Reads .npy (float32, float16), .safetensors, Pith files, .fvecs, .jsonl and .csv. Every command takes --json.
Exit codes: 0 done, 2 bad input, 1 failure (no room, no permission), 130 interrupted.`,
  );

// Commander's own answers an unknown name with the whole help.
const help = new Command("help")
  .description("show the help of a command")
  .argument("[command]")
  .action((name?: string) => {
    const about = name === undefined ? program : program.commands.find((c) => c.name() === name);
    if (!about) return program.error(`unknown command '${name}'`);
    about.outputHelp();
  });

program.helpCommand(false);
for (const c of [...commands, help]) program.addCommand(c);
for (const c of [program, ...program.commands]) {
  const from = c === program ? "pith --help" : `pith ${c.name()} --help`;
  c.exitOverride().configureOutput({
    outputError: (text, write) => {
      const usage = `${text.trim().replace(/^error: |\.$/g, "")}; see ${from}`;
      write(`${errorLine(new PithError("INVALID_ARGUMENT", usage))}\n`);
    },
  });
}

// A reader such as `head` may close the pipe early: that is no error. Without standard error the work goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  else process.exitCode = reportError(error, process.argv.includes("--debug"));
}
