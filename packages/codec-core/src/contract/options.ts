/**
 * Options described as data: a family's schema drives its own checks, the `--option name=value` of the command, and
 * the docs. An unknown name is refused with the nearest known one.
 */
import { PithError, quote, shown } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";

export type OptionSpec =
  | { type: "integer" | "number"; default: number; min: number; max: number; about: string }
  | { type: "boolean"; default: boolean; about: string }
  | { type: "choice"; default: string; choices: readonly string[]; about: string };

export type OptionSchema = { readonly [name: string]: OptionSpec };

type OptionValue = number | boolean | string;

/**
 * Values with defaults filled in. Strings are read as the schema says, so that a command line can pass them.
 * @throws INVALID_OPTION
 */
export function readOptions(
  schema: OptionSchema,
  given: { readonly [name: string]: unknown },
): { [name: string]: OptionValue } {
  const names = Object.keys(schema);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(schema, name)) continue;
    const near = nearestName(name, names);
    const hint = near
      ? `; did you mean "${near}"?`
      : names.length
        ? `; known: ${names.join(", ")}`
        : "; it has none";
    throw new PithError("INVALID_OPTION", `unknown option ${quote(name)}${hint}`, {
      option: name,
      known: names,
    });
  }
  const out: { [name: string]: OptionValue } = {};
  for (const name of names) {
    const value = given[name];
    out[name] = value === undefined ? schema[name].default : readOption(name, schema[name], value);
  }
  return out;
}

function readOption(name: string, spec: OptionSpec, value: unknown): OptionValue {
  const refuse = (expected: string): never => {
    throw new PithError("INVALID_OPTION", `option "${name}": expected ${expected}, got ${shown(value)}`, {
      option: name,
      expected,
      actual: value,
    });
  };
  switch (spec.type) {
    case "boolean":
      if (value === true || value === "true") return true;
      if (value === false || value === "false") return false;
      return refuse("true or false");
    case "choice":
      return spec.choices.includes(value as string) ? (value as string) : refuse(spec.choices.join(" or "));
    default: {
      const n = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      const ok =
        typeof n === "number" &&
        n >= spec.min &&
        n <= spec.max &&
        (spec.type === "number" || Number.isInteger(n));
      return ok
        ? n
        : refuse(`${spec.type === "integer" ? "an integer" : "a number"} from ${spec.min} to ${spec.max}`);
    }
  }
}
