/**
 * What makes the points of a collection readable: its mode, the type of its ids, the database's settings, and the codec with
 * all that it learned. It is one text,
 *
 *   "1." + CRC-32C of the rest as 8 hex digits + "." + canonical JSON
 *
 * whose member `codec` is a Pith file without rows (docs/format.md) in base64; a database keeps it in parts that are well below
 * what servers take in one request. It stands in a collection of its own, so that it is never counted, scrolled,
 * searched or deleted with the vectors, and needs no vector itself.
 */
import {
  type Codec,
  type CodecRegistry,
  canonicalJson,
  codecStamp,
  codecState,
  isMetric,
  kernels,
  PithError,
  parsePith,
  quote,
  serializePith,
  stateTensors,
} from "@pith/codec-core";
import { type CollectionPlan, MODES, type Mode, type RemoteIds, type Settings } from "./database.ts";

/** Characters of one part. */
export const PART_CHARS: number = 512 * 1024;
/** A manifest beyond this is no manifest of ours, characters. */
export const MOST_CHARS: number = 256 * 1024 * 1024;

const IDS: readonly RemoteIds[] = ["string", "number", "bigint", "row"];

export interface Manifest {
  readonly plan: CollectionPlan;
  readonly ids: RemoteIds;
}

/** The parts of a manifest, in order; the same manifest gives the same parts. */
export function writeManifest({ plan, ids }: Manifest): string[] {
  const { codec, mode, native } = plan;
  const state = codec.state();
  const file = serializePith({
    kind: "codes",
    dim: codec.dim,
    count: 0,
    metric: codec.metric,
    codec: codecStamp(state),
    tensors: {
      ...stateTensors(state),
      codes: { dtype: "U8", shape: [0, codec.stride], bytes: new Uint8Array(0) },
    },
  });
  const json = canonicalJson({ codec: Buffer.from(file).toString("base64"), ids, mode, native });
  const text = `1.${crcHex(json)}.${json}`;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += PART_CHARS) parts.push(text.slice(at, at + PART_CHARS));
  return parts;
}

/**
 * Total: whatever a database gives back, a manifest or a typed error.
 * @throws CORRUPT_FILE, CHECKSUM_MISMATCH, VERSION_UNSUPPORTED, UNKNOWN_CODEC, LIMIT_EXCEEDED, and what `restore` throws
 */
export async function readManifest(parts: readonly unknown[], codecs: CodecRegistry): Promise<Manifest> {
  const bad = (reason: string): PithError =>
    new PithError("CORRUPT_FILE", `the collection's manifest: ${reason}`);
  if (!parts.every((part) => typeof part === "string")) throw bad("a part of it is missing");
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MOST_CHARS)
    throw new PithError(
      "LIMIT_EXCEEDED",
      `the collection's manifest has ${length} characters, more than ${MOST_CHARS}`,
    );
  const text = parts.join("");
  const [, version, crc, json] = /^(\d{1,9})\.(?:([0-9a-f]{8})\.(.*))?/s.exec(text) ?? [];
  if (version === undefined) throw bad("it doesn't begin with a version");
  if (version !== "1")
    throw new PithError(
      "VERSION_UNSUPPORTED",
      `the collection's manifest is of version ${version}, expected 1`,
      {
        expected: 1,
        actual: Number(version),
      },
    );
  if (json === undefined) throw bad("it has no checksum");
  const actual = crcHex(json);
  if (actual !== crc)
    throw new PithError(
      "CHECKSUM_MISMATCH",
      `the collection's manifest: the checksum is ${actual}, it says ${crc}`,
      {
        expected: crc,
        actual,
      },
    );
  let members: unknown;
  try {
    members = JSON.parse(json);
  } catch {
    throw bad("no JSON");
  }
  const { codec: file, ids, mode, native } = (members ?? {}) as { [name: string]: unknown };
  if (typeof file !== "string") throw bad("it has no codec");
  if (!MODES.includes(mode as Mode)) throw bad(`an unknown mode ${quote(String(mode))}`);
  if (!IDS.includes(ids as RemoteIds)) throw bad(`ids of an unknown type ${quote(String(ids))}`);
  if (!isSettings(native)) throw bad("no settings of the database");
  const contents = parsePith(Buffer.from(file, "base64"));
  if (contents.codec === undefined || !isMetric(contents.metric)) throw bad("its codec is none");
  const family = await codecs.get(contents.codec.name);
  const codec = family.restore(codecState(contents));
  const { dim, metric } = contents;
  return { plan: { mode: mode as Mode, dim, metric, codec, native }, ids: ids as RemoteIds };
}

/** Whether these are parts of a manifest, whole or not: none yet, or a first one that begins as ours do. */
export function isManifest(parts: readonly unknown[]): boolean {
  const [first] = parts;
  return parts.length === 0 || (typeof first === "string" && /^\d{1,9}\.[0-9a-f]{8}\.\{/.test(first));
}

/** Whether two codecs are the same to the last bit of what they learned. */
export function sameCodec(a: Codec, b: Codec): boolean {
  return fingerprint(a) === fingerprint(b);
}

/** CRC-32C of a codec's state: name, version, dim, metric, options and learned tensors. Eight hex digits. */
export function fingerprint(codec: Codec): string {
  const { tensors, ...rest } = codec.state();
  const names = Object.keys(tensors).sort();
  const shapes = names.map((name) => [name, tensors[name].dtype, [...tensors[name].shape]]);
  let crc = crcOf(canonicalJson({ ...rest, tensors: shapes }));
  for (const name of names) crc = kernels().crc32c(tensors[name].bytes, crc) >>> 0;
  return crc.toString(16).padStart(8, "0");
}

function isSettings(value: unknown): value is Settings {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((v) => v === null || ["string", "number", "boolean"].includes(typeof v));
}

function crcOf(text: string): number {
  return kernels().crc32c(Buffer.from(text, "utf8"), 0) >>> 0;
}

function crcHex(text: string): string {
  return crcOf(text).toString(16).padStart(8, "0");
}
