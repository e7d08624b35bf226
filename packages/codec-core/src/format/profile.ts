/**
 * The Pith profile: what a safetensors file must say and hold to be a Pith file. The same rules are kept by the readers
 * (which answer CORRUPT_FILE) and by the writers (INVALID_ARGUMENT), so nothing is written that can't be read.
 */
import { type CanonicalValue, canonicalJson } from "../contract/canonical-json.ts";
import { isMetric, type Metric } from "../contract/metric.ts";
import { MAX_DIM, MIN_DIM } from "../contract/vectors.ts";
import type { IdType } from "../ids.ts";
import { parseCanonicalObject } from "./canonical-params.ts";
import { quote } from "./corrupt.ts";
import type { Dtype } from "./dtype.ts";
import { type TensorRole, tensorRole } from "./tensor-names.ts";

/** Version of the format that this package writes, and the newest that it reads. */
export const PITH_VERSION = 1;
/** What `producer` says where a writer is told nothing else. */
export const PRODUCER = "@pith/codec-core";
/** Slots are unsigned 32-bit numbers. */
export const MAX_COUNT: number = 2 ** 32 - 1;

export type PithKind = "vectors" | "codes" | "index";

export const PITH_KINDS: readonly PithKind[] = ["vectors", "codes", "index"];

/** Which codec made the codes, and from which options. */
export interface CodecStamp {
  readonly name: string;
  /** Version of the code layout, from 1. */
  readonly version: number;
  readonly params: { readonly [name: string]: CanonicalValue };
}

/** The metadata of a Pith file. */
export interface PithInfo {
  /** "vectors": rows of floats; "codes": rows of one codec; "index": codes saved from a search index, always with ids. */
  readonly kind: PithKind;
  /** 1 to 65,536. */
  readonly dim: number;
  /** Rows, 0 to 2^32 - 1. */
  readonly count: number;
  /** The metric that the codec serves; may be left out for vectors. */
  readonly metric?: Metric;
  /** Always there but for vectors. */
  readonly codec?: CodecStamp;
  /** Of `rescore.codes`, where the file has them. */
  readonly rescore?: CodecStamp;
  /** Of the ids, where the file has them. */
  readonly idType?: IdType;
  /** The software that wrote the file; nothing depends on it. Default "@pith/codec-core". */
  readonly producer?: string;
}

/** A tensor without its bytes. */
export interface TensorShape {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Makes the error of a broken rule. */
export type Refuse = (reason: string, details?: Record<string, unknown>) => Error;

const CODEC_NAME = /^[A-Za-z0-9@][A-Za-z0-9@/._+-]{0,127}$/;
const MAX_PRODUCER = 256;

/** Every rule about the metadata and the tensors' names, dtypes and shapes; pads are the layout's. */
export function checkProfile(
  info: PithInfo,
  tensors: ReadonlyMap<string, TensorShape>,
  refuse: Refuse,
): void {
  checkInfo(info, refuse);
  const roles = new Map<TensorRole, number>();
  for (const [name, tensor] of tensors) {
    const role = tensorRole(name);
    if (role === undefined || role === "pad" || !allowed(role, info))
      throw refuse(`a file of kind ${info.kind} has no tensor ${quote(name)} in version ${PITH_VERSION}`, {
        tensor: name,
      });
    roles.set(role, (roles.get(role) ?? 0) + 1);
    checkShape(name, role, tensor, info, refuse);
  }
  for (let n = 1; n <= (roles.get("plane") ?? 0); n++)
    if (!tensors.has(`codes.${n}`))
      throw refuse(`the tensor "codes.${n}" is missing`, { tensor: `codes.${n}` });
  for (const role of required(info))
    if (!roles.has(role)) throw refuse(`the tensor "${role}" is missing`, { tensor: role });
}

function checkInfo(info: PithInfo, refuse: Refuse): void {
  const integer = (name: string, value: unknown, least: number, most: number): void => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw refuse(`${name}: expected an integer from ${least} to ${most}, got ${String(value)}`);
  };
  const stamp = (prefix: string, { name, version, params }: CodecStamp): void => {
    if (typeof name !== "string" || !CODEC_NAME.test(name))
      throw refuse(`${prefix}codec: ${quote(String(name))} is no name of a codec`);
    integer(`${prefix}codec_version`, version, 1, Number.MAX_SAFE_INTEGER);
    try {
      parseCanonicalObject(canonicalJson(params), `${prefix}params`);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  };
  if (!PITH_KINDS.includes(info.kind))
    throw refuse(`kind: expected ${PITH_KINDS.join(", ")}, got ${quote(info.kind)}`);
  integer("dim", info.dim, MIN_DIM, MAX_DIM);
  integer("count", info.count, 0, MAX_COUNT);
  if (info.metric !== undefined && !isMetric(info.metric))
    throw refuse(`metric: ${quote(info.metric)} is unknown`);
  const { producer = PRODUCER } = info;
  if (producer.length > MAX_PRODUCER || !producer.isWellFormed())
    throw refuse(`producer: expected at most ${MAX_PRODUCER} characters`);
  if (info.kind === "vectors") {
    if (info.codec || info.rescore) throw refuse("a file of kind vectors has no codec");
    return;
  }
  if (!info.codec) throw refuse(`a file of kind ${info.kind} needs a codec`);
  if (!info.metric) throw refuse(`a file of kind ${info.kind} needs a metric`);
  stamp("", info.codec);
  if (info.rescore) stamp("rescore.", info.rescore);
  if (info.kind === "index" && !info.idType) throw refuse("a file of kind index needs ids");
}

function allowed(role: TensorRole, { kind, rescore, idType }: PithInfo): boolean {
  if (role === "ids") return idType === "number" || idType === "bigint";
  if (role === "ids.offsets" || role === "ids.utf8") return idType === "string";
  if (role === "rescore.codes" || role === "rescore.state") return rescore !== undefined;
  return role === "vectors" || kind !== "vectors";
}

function required({ kind, rescore, idType }: PithInfo): TensorRole[] {
  const roles: TensorRole[] = [kind === "vectors" ? "vectors" : "codes"];
  if (rescore) roles.push("rescore.codes");
  if (idType === "string") roles.push("ids.offsets", "ids.utf8");
  else if (idType !== undefined) roles.push("ids");
  return roles;
}

function checkShape(
  name: string,
  role: TensorRole,
  { dtype, shape }: TensorShape,
  { dim, count }: PithInfo,
  refuse: Refuse,
): void {
  const ok = (): boolean => {
    switch (role) {
      case "codes":
      case "plane":
      case "rescore.codes":
        return dtype === "U8" && shape.length === 2 && shape[0] === count && shape[1] >= 1;
      case "vectors":
        return (
          (dtype === "F32" || dtype === "F16") && shape.length === 2 && shape[0] === count && shape[1] === dim
        );
      case "ids":
        return dtype === "I64" && shape.length === 1 && shape[0] === count;
      case "ids.offsets":
        return dtype === "I64" && shape.length === 1 && shape[0] === count + 1;
      case "ids.utf8":
        return dtype === "U8" && shape.length === 1;
      default:
        return true;
    }
  };
  if (!ok())
    throw refuse(`tensor ${quote(name)}: ${dtype} [${shape}] doesn't fit dim ${dim} and count ${count}`, {
      tensor: name,
      dtype,
      shape,
    });
}
