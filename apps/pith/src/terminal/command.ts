/** What every command shares: --json, --debug, Ctrl-C as an AbortSignal, and the way results are printed. */
import { Command, InvalidArgumentError } from "commander";
import { reportError } from "./exit.ts";

export interface Context {
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** The result: one JSON document with --json, else the text. */
  print(text: string, json: unknown): void;
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
    .showHelpAfterError("(pith --help tells more)")
    .action(async (...given: unknown[]) => {
      const options = given[given.length - 2] as Options & { json?: boolean; debug?: boolean };
      const args = given.slice(0, -2) as Args;
      const abort = new AbortController();
      const interrupt = (): void => abort.abort();
      process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
      const json = options.json === true;
      try {
        const print = (text: string, value: unknown): void => {
          process.stdout.write(`${json ? JSON.stringify(value, null, 1) : text}\n`);
        };
        await action({ json, signal: abort.signal, print }, args, options);
      } catch (error) {
        process.exitCode = reportError(error, options.debug === true);
      } finally {
        process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
      }
    });
}

/** For options that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** An option's whole number from `min`. */
export function integerFrom(min: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(n) && n >= min) return n;
    throw new InvalidArgumentError(`expected a whole number from ${min}, got ${text}`);
  };
}
