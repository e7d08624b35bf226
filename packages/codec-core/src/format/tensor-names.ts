/**
 * The tensors that a Pith file can have. Each has its place in the order that writers keep: what opens a file first
 * (learned state, then ids), the long rows last.
 */
const STATE_NAME = "[a-z][a-z0-9_.-]{0,63}";

export type TensorRole =
  | "state"
  | "rescore.state"
  | "ids"
  | "ids.offsets"
  | "ids.utf8"
  | "vectors"
  | "codes"
  | "plane"
  | "rescore.codes"
  | "pad";

const ROLES: readonly (readonly [TensorRole, RegExp])[] = [
  ["state", new RegExp(`^state\\.${STATE_NAME}$`)],
  ["rescore.state", new RegExp(`^rescore\\.state\\.${STATE_NAME}$`)],
  ["ids", /^ids$/],
  ["ids.offsets", /^ids\.offsets$/],
  ["ids.utf8", /^ids\.utf8$/],
  ["vectors", /^vectors$/],
  ["codes", /^codes$/],
  ["plane", /^codes\.[1-9][0-9]{0,8}$/],
  ["rescore.codes", /^rescore\.codes$/],
  ["pad", /^_pad\.(?:0|[1-9][0-9]{0,8})$/],
];

/** What a tensor of that name is; undefined where version 1 of the format doesn't know it. */
export function tensorRole(name: string): TensorRole | undefined {
  return ROLES.find(([, pattern]) => pattern.test(name))?.[0];
}

/** Sorts names into the order in which writers lay tensors out. */
export function compareTensorNames(a: string, b: string): number {
  const place = (name: string): number => ROLES.findIndex(([, pattern]) => pattern.test(name));
  const plane = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0);
  const byRole = place(a) - place(b);
  if (byRole !== 0) return byRole;
  if (tensorRole(a) === "plane") return plane(a) - plane(b);
  return a < b ? -1 : a > b ? 1 : 0;
}
