/** The Pith profile's metadata as it stands in `__metadata__`: strings, to and from a `PithInfo`. */
import { canonicalJson } from "../contract/canonical-json.ts";
import type { Metric } from "../contract/metric.ts";
import { PithError } from "../errors.ts";
import type { IdType } from "../ids.ts";
import { parseCanonicalObject } from "./canonical-params.ts";
import { isCrcHex } from "./checksum.ts";
import { corrupt, quote } from "./corrupt.ts";
import { JsonScanner } from "./json-scanner.ts";
import { type CodecStamp, PITH_VERSION, type PithInfo, type PithKind, PRODUCER } from "./profile.ts";

export const HEADER_CRC = "header_crc32c";
const ID_TYPES: readonly string[] = ["string", "number", "bigint"];
const KEYS: readonly string[] = [
  "pith",
  "kind",
  "dim",
  "count",
  "metric",
  "codec",
  "codec_version",
  "params",
  "rescore.codec",
  "rescore.codec_version",
  "rescore.params",
  "id_type",
  "producer",
  "crc32c",
  HEADER_CRC,
];

/**
 * Whether this reader knows the file's version; asked before anything else, since a newer file may break every other
 * rule. @throws UNSUPPORTED_FORMAT (no profile), VERSION_UNSUPPORTED (newer), CORRUPT_FILE
 */
export function checkVersion(metadata: ReadonlyMap<string, string>): void {
  const version = metadata.get("pith");
  if (version === undefined)
    throw new PithError(
      "UNSUPPORTED_FORMAT",
      "a safetensors file without the Pith profile (no `pith` in its metadata)",
    );
  if (version === String(PITH_VERSION)) return;
  if (/^[1-9][0-9]{0,8}$/.test(version))
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `the file is newer than this reader: Pith format version ${version}, this reader knows up to ${PITH_VERSION}`,
      { expected: PITH_VERSION, actual: Number(version) },
    );
  throw corrupt(`pith: ${quote(version)} is no version`);
}

/** The metadata, typed; that it holds together is `checkProfile`'s. @throws CORRUPT_FILE */
export function readInfo(metadata: ReadonlyMap<string, string>): PithInfo {
  for (const key of metadata.keys())
    if (!KEYS.includes(key))
      throw corrupt(`metadata: ${quote(key)} is unknown in version ${PITH_VERSION}`, { key });
  const idType = metadata.get("id_type");
  if (idType !== undefined && !ID_TYPES.includes(idType))
    throw corrupt(`id_type: ${quote(idType)} is unknown`);
  const metric = metadata.get("metric");
  const codec = readStamp(metadata, "");
  const rescore = readStamp(metadata, "rescore.");
  return {
    kind: required(metadata, "kind") as PithKind,
    dim: decimal(metadata, "dim"),
    count: decimal(metadata, "count"),
    ...(metric === undefined ? {} : { metric: metric as Metric }),
    ...(codec === undefined ? {} : { codec }),
    ...(rescore === undefined ? {} : { rescore }),
    ...(idType === undefined ? {} : { idType: idType as IdType }),
    producer: required(metadata, "producer"),
  };
}

/** The metadata as strings, with the checksums as given. */
export function writeInfo(
  info: PithInfo,
  crcs: ReadonlyMap<string, string>,
  headerCrc: string,
): Map<string, string> {
  const metadata = new Map([
    ["pith", String(PITH_VERSION)],
    ["kind", info.kind],
    ["dim", String(info.dim)],
    ["count", String(info.count)],
    ["producer", info.producer ?? PRODUCER],
    ["crc32c", canonicalJson(Object.fromEntries(crcs))],
    [HEADER_CRC, headerCrc],
  ]);
  if (info.metric !== undefined) metadata.set("metric", info.metric);
  if (info.idType !== undefined) metadata.set("id_type", info.idType);
  const stamp = (prefix: string, { name, version, params }: CodecStamp): void => {
    metadata.set(`${prefix}codec`, name);
    metadata.set(`${prefix}codec_version`, String(version));
    metadata.set(`${prefix}params`, canonicalJson(params));
  };
  if (info.codec) stamp("", info.codec);
  if (info.rescore) stamp("rescore.", info.rescore);
  return metadata;
}

/** Tensor name to eight hex digits. @throws CORRUPT_FILE unless there is exactly one for each of the tensors */
export function readCrcs(
  metadata: ReadonlyMap<string, string>,
  names: readonly string[],
): Map<string, string> {
  const text = required(metadata, "crc32c");
  const scanner = new JsonScanner(new TextEncoder().encode(text));
  const crcs = new Map<string, string>();
  scanner.object((name) => {
    const crc = scanner.string().value;
    if (!isCrcHex(crc)) throw corrupt(`crc32c: expected eight hex digits for ${quote(name)}`);
    if (crcs.size === names.length) throw corrupt("crc32c: a checksum of a tensor that isn't in the file");
    crcs.set(name, crc);
  });
  scanner.end();
  if (canonicalJson(Object.fromEntries(crcs)) !== text)
    throw corrupt("crc32c: not canonical JSON (RFC 8785)");
  const missing = names.find((name) => !crcs.has(name));
  if (missing !== undefined)
    throw corrupt(`crc32c: tensor ${quote(missing)} has no checksum`, { tensor: missing });
  if (crcs.size !== names.length) throw corrupt("crc32c: a checksum of a tensor that isn't in the file");
  return crcs;
}

function readStamp(metadata: ReadonlyMap<string, string>, prefix: string): CodecStamp | undefined {
  const keys = [`${prefix}codec`, `${prefix}codec_version`, `${prefix}params`];
  if (!keys.some((key) => metadata.has(key))) return undefined;
  return {
    name: required(metadata, keys[0]),
    version: decimal(metadata, keys[1]),
    params: parseCanonicalObject(required(metadata, keys[2]), keys[2]),
  };
}

function required(metadata: ReadonlyMap<string, string>, key: string): string {
  const value = metadata.get(key);
  if (value === undefined) throw corrupt(`metadata: ${key} is missing`, { key });
  return value;
}

/** An integer from 0 in its only spelling. */
function decimal(metadata: ReadonlyMap<string, string>, key: string): number {
  const text = required(metadata, key);
  const value = Number(text);
  if (!/^(?:0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(value))
    throw corrupt(`${key}: ${quote(text)} is no integer from 0 to 2^53 - 1`, { key });
  return value;
}
