import { parseArgs } from "node:util";

/** What a run consists of; without one of them its tables lack those figures. */
export const PARTS = ["limits", "search", "backends", "open"];

export const USAGE = `pnpm --filter @pith/benchmarks bench [OPTION]...
  --parts LIST      some of ${PARTS.join(",")} (all of them)
  --datasets LIST   some of scifact, debian, tiled-50k, tiled-500k, bundled. Default: those of PITH_DATA and the tiled ones,
                    made of debian; the bundled one where PITH_DATA has none
  --data DIR        a data folder instead; may be given again
  --only REGEX      contenders whose name matches
  --skip REGEX      without those whose name matches
  --without-peers   ours alone
  --rounds N        times that the list of contenders is run through (3)
  --seconds S       least time of each measurement (0.5)
  --max-rows N      the first N rows of each corpus only
  --cpu N           pins the contenders to one core (needs taskset)
  --out FILE        writes the results as JSON; relative to the folder benchmarks/`;

/** @returns the options, or throws a TypeError that says what is wrong with them */
export function readOptions(argv) {
  const { values } = parseArgs({
    // pnpm hands on the "--" that separates its own options.
    args: argv[0] === "--" ? argv.slice(1) : argv,
    options: {
      parts: { type: "string", default: PARTS.join() },
      datasets: { type: "string", default: "" },
      data: { type: "string", multiple: true, default: [] },
      only: { type: "string", default: "" },
      skip: { type: "string" },
      "without-peers": { type: "boolean", default: false },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "0.5" },
      "max-rows": { type: "string" },
      cpu: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const parts = list(values.parts);
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined)
    throw new TypeError(`--parts: expected some of ${PARTS.join(", ")}, got ${unknown}`);
  return {
    parts,
    datasets: list(values.datasets),
    data: values.data,
    only: new RegExp(values.only),
    skip: values.skip === undefined ? undefined : new RegExp(values.skip),
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

function list(text) {
  return text.split(",").filter(Boolean);
}

function number(name, text, kind) {
  const value = Number(text);
  if (kind(value) && value > 0) return value;
  throw new TypeError(`--${name}: expected a number above 0, got ${text}`);
}
