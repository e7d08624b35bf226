/** What every command shares: --json, --debug, Ctrl-C as an AbortSignal, and the way results are printed. */
import { nearestName, PithError } from "@pith/codec-core";
import { Command, Option } from "commander";
import { EXIT_INTERRUPTED, reportError } from "./exit.ts";
import { printable } from "./printable.ts";

export interface Context {
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** The result: one JSON document with --json, else the text. */
  print(text: string, json: unknown): void;
  /** A line on standard error: something to know that is no failure. */
  note(text: string): void;
}

/** A command with --json and --debug whose action gets a Context; its exit code is set from what it throws. */
export function command<Args extends unknown[], Options extends object>(
  name: string,
  about: string,
  build: (c: Command) => Command,
  action: (context: Context, args: Args, options: Options) => Promise<void>,
): Command {
  const base = new Command(name).description(about);
  return build(base)
    .option("--json", "print the result as JSON and nothing else on standard output")
    .option("--debug", "print stack traces of errors")
    .action(async (...given: unknown[]) => {
      const options = given[given.length - 2] as Options & { json?: boolean; debug?: boolean };
      const args = given.slice(0, -2) as Args;
      const abort = new AbortController();
      // The second Ctrl-C doesn't wait for the block in hand; temporary files go with the process.
      const interrupt = (): void => (abort.signal.aborted ? process.exit(EXIT_INTERRUPTED) : abort.abort());
      process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
      const json = options.json === true;
      try {
        const print = (text: string, value: unknown): void => {
          process.stdout.write(`${json ? JSON.stringify(value, null, 1) : printable(text)}\n`);
        };
        const note = (text: string): void => void process.stderr.write(`pith: note: ${text}\n`);
        await action({ json, signal: abort.signal, print, note }, args, options);
      } catch (error) {
        process.exitCode = reportError(error, options.debug === true);
      }
    });
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** An option whose value is a whole number from `min` to `max`. @throws INVALID_ARGUMENT when it is parsed */
export function integerOption(
  flags: string,
  about: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): Option {
  const option = new Option(flags, about);
  return option.argParser((text) => {
    const n = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(n) && n >= min && n <= max) return n;
    const upTo = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
    throw invalid(option, `a whole number from ${min}${upTo}`, text);
  });
}

/** An option whose value is a number from `min`. @throws INVALID_ARGUMENT when it is parsed */
export function numberOption(flags: string, about: string, min: number): Option {
  const option = new Option(flags, about);
  return option.argParser((text) => {
    const n = Number(text);
    if (text.trim() !== "" && Number.isFinite(n) && n >= min) return n;
    throw invalid(option, `a number from ${min}`, text);
  });
}

/** An option whose value is a number from 0 to 1. @throws INVALID_ARGUMENT when it is parsed */
export function shareOption(flags: string, about: string): Option {
  const option = new Option(flags, about);
  return option.argParser((text) => {
    const n = Number(text);
    if (text.trim() !== "" && n >= 0 && n <= 1) return n;
    throw invalid(option, "a number from 0 to 1", text);
  });
}

/** An option whose value is one of a few names. @throws INVALID_ARGUMENT when it is parsed, with the nearest name */
export function choiceOption(flags: string, about: string, names: readonly string[]): Option {
  // `choices` is for the help text alone: the parser that it brings is replaced.
  const option = new Option(flags, about).choices(names);
  return option.argParser((text) => {
    if (names.includes(text)) return text;
    const near = nearestName(text, names);
    throw invalid(option, names.join(" or "), text, near && `; did you mean "${near}"?`);
  });
}

function invalid(option: Option, expected: string, actual: string, hint: string = ""): PithError {
  const name = option.long ?? option.short;
  return new PithError("INVALID_ARGUMENT", `${name}: expected ${expected}, got "${actual}"${hint}`, {
    option: name,
    expected,
    actual,
  });
}
