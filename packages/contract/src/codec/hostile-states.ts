/** States as a damaged or hostile file holds them: one thing wrong in each. */
import type { CodecFamily, CodecState, ErrorCode, StateTensor } from "@pith/codec-core";
import { METRICS } from "@pith/codec-core";

export interface HostileState {
  readonly what: string;
  readonly state: CodecState;
  /** The codes to be thrown, where only a refusal is right; without them a codec of exactly this state is right too. */
  readonly codes?: readonly ErrorCode[];
}

/** What JSON and a careless reader can put in the place of any value. */
const GARBAGE: readonly unknown[] = [
  undefined,
  null,
  true,
  "",
  "nonsense",
  "1",
  -1,
  0,
  1.5,
  2 ** 53,
  1e308,
  Number.NaN,
  [],
  [1],
  {},
  { toString: 1, valueOf: 1 },
];

const REFUSED: readonly ErrorCode[] = [
  "CORRUPT_FILE",
  "CODEC_MISMATCH",
  "VERSION_UNSUPPORTED",
  "DIM_UNSUPPORTED",
  "UNSUPPORTED_METRIC",
  "INVALID_OPTION",
  "INVALID_ARGUMENT",
  "LIMIT_EXCEEDED",
];

export function* hostileStates(state: CodecState, family: CodecFamily): Generator<HostileState> {
  const alter = (what: string, change: object, codes?: readonly ErrorCode[]): HostileState => {
    const hostile = { ...state, ...change } as CodecState;
    return codes ? { what, state: hostile, codes } : { what, state: hostile };
  };
  for (const value of GARBAGE) {
    const text = describe(value);
    yield { what: `${text} in its place`, state: value as CodecState, codes: REFUSED };
    yield alter(`codec ${text}`, { codec: value }, REFUSED);
    if (!isVersion(value, family)) yield alter(`version ${text}`, { version: value }, REFUSED);
    yield alter(`dim ${text}`, { dim: value }, REFUSED);
    yield alter(`metric ${text}`, { metric: value }, REFUSED);
    if (!isObject(value)) {
      yield alter(`params ${text}`, { params: value }, REFUSED);
      yield alter(`tensors ${text}`, { tensors: value }, REFUSED);
    }
  }
  yield alter("the name of another codec", { codec: `${state.codec}-2` }, ["CODEC_MISMATCH"]);
  yield alter("a newer version", { version: family.version + 1 }, ["VERSION_UNSUPPORTED"]);
  for (let older = 1; older < state.version; older++) yield alter(`version ${older}`, { version: older });
  yield alter("dim 65,537", { dim: 65_537 }, REFUSED);
  yield alter("another dim", { dim: state.dim + 1 });
  for (const metric of METRICS) yield alter(`metric ${metric}`, { metric });
  yield* params(state, alter);
  yield* tensors(state, alter);
}

type Alter = (what: string, change: object, codes?: readonly ErrorCode[]) => HostileState;

function* params(state: CodecState, alter: Alter): Generator<HostileState> {
  for (const name of Object.keys(state.params)) {
    const { [name]: _, ...rest } = state.params;
    yield alter(`the parameter ${name} missing`, { params: rest }, REFUSED);
    for (const value of GARBAGE)
      if (value !== undefined)
        yield alter(`${describe(value)} as parameter ${name}`, {
          params: { ...state.params, [name]: value },
        });
  }
  const extra = JSON.parse('{"no_such_parameter": 1, "__proto__": {"dim": 1}}') as object;
  yield alter("an unknown parameter", { params: { ...state.params, no_such_parameter: 1 } }, REFUSED);
  yield alter("a parameter __proto__", { params: Object.assign(extra, state.params) }, REFUSED);
}

function* tensors(state: CodecState, alter: Alter): Generator<HostileState> {
  const one: StateTensor = { dtype: "F32", shape: [1], bytes: new Uint8Array(4) };
  yield alter("an unknown tensor", { tensors: { ...state.tensors, no_such_tensor: one } }, REFUSED);
  for (const [name, tensor] of Object.entries(state.tensors)) {
    const replaced = (change: object): object => ({
      tensors: { ...state.tensors, [name]: { ...tensor, ...change } },
    });
    const { [name]: _, ...rest } = state.tensors;
    // Without any tensor it may be the state of a codec that wasn't trained, where training is a choice.
    const some = Object.keys(rest).length > 0;
    yield alter(`the tensor ${name} missing`, { tensors: rest }, some ? REFUSED : undefined);
    yield alter(`null as tensor ${name}`, { tensors: { ...state.tensors, [name]: null } }, REFUSED);
    const longer = new Uint8Array(tensor.bytes.length + 4);
    yield alter(`tensor ${name} with 4 bytes more`, replaced({ bytes: longer }), REFUSED);
    yield alter(`tensor ${name} cut by a byte`, replaced({ bytes: tensor.bytes.slice(1) }), REFUSED);
    yield alter(`tensor ${name} without bytes`, replaced({ bytes: undefined }), REFUSED);
    yield alter(`tensor ${name} with an array for bytes`, replaced({ bytes: [...tensor.bytes] }), REFUSED);
    yield alter(`tensor ${name} of dtype BOOL`, replaced({ dtype: "BOOL" }), REFUSED);
    yield alter(`tensor ${name} of dtype toString`, replaced({ dtype: "toString" }), REFUSED);
    for (const shape of [
      undefined,
      [],
      [0],
      [-1, -4],
      [2 ** 53, 2 ** 53],
      [1.5],
      ["4"],
      [...tensor.shape, 2],
    ])
      yield alter(`tensor ${name} of shape ${JSON.stringify(shape)}`, replaced({ shape }), REFUSED);
    for (const fill of [0, 0xff, 0x7f])
      yield alter(`tensor ${name} filled with ${fill}`, replaced({ bytes: tensor.bytes.map(() => fill) }));
  }
}

function isVersion(value: unknown, family: CodecFamily): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= family.version;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  return value === undefined ? "undefined" : Number.isNaN(value) ? "NaN" : JSON.stringify(value);
}
