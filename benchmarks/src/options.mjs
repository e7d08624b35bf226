import { parseArgs } from "node:util";

export const USAGE = `pnpm --filter @pith/benchmarks bench [OPTION]...
  --data DIR        a data folder; may be given again. Default: the bundled data and the folders in PITH_DATA
  --only REGEX      contenders whose name matches
  --without-peers   ours alone
  --rounds N        times that the list of contenders is run through (3)
  --seconds S       least time of each measurement (1)
  --max-rows N      the first N rows of each corpus only
  --cpu N           pins the contenders to one core (needs taskset)
  --out FILE        writes the results as JSON; relative to the folder benchmarks/`;

/** @returns the options, or throws a TypeError that says what is wrong with them */
export function readOptions(argv) {
  const { values } = parseArgs({
    // pnpm hands on the "--" that separates its own options.
    args: argv[0] === "--" ? argv.slice(1) : argv,
    options: {
      data: { type: "string", multiple: true, default: [] },
      only: { type: "string" },
      "without-peers": { type: "boolean", default: false },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "1" },
      "max-rows": { type: "string" },
      cpu: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    data: values.data,
    only: new RegExp(values.only ?? ""),
    withoutPeers: values["without-peers"],
    rounds: number("rounds", values.rounds, Number.isInteger),
    seconds: number("seconds", values.seconds, Number.isFinite),
    maxRows:
      values["max-rows"] === undefined ? Infinity : number("max-rows", values["max-rows"], Number.isInteger),
    cpu: values.cpu,
    out: values.out,
    help: values.help,
  };
}

function number(name, text, kind) {
  const value = Number(text);
  if (kind(value) && value > 0) return value;
  throw new TypeError(`--${name}: expected a number above 0, got ${text}`);
}
