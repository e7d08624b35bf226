/**
 * Databases by the scheme of an address: `qdrant://host:port/collection`. A scheme is a line in SCHEMES; its module, and the client
 * that it needs, are loaded when an address asks for it. Keys come from the environment and go nowhere else.
 */

import type { CreateRemoteOptions, OpenRemoteOptions, RemoteCollection } from "@pith/adapters/qdrant";
import { nearestName, PithError, quote } from "@pith/codec-core";

/** Where a collection is. */
export interface RemoteAddress {
  readonly scheme: string;
  /** Whether TLS is spoken. */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number | undefined;
  readonly collection: string;
  /** Settings behind the question mark; the scheme's module refuses those that it doesn't know. */
  readonly settings: { readonly [name: string]: string };
}

/** A database that can be reached; `close` ends its connections. */
export interface RemoteConnection {
  open(options: OpenRemoteOptions): Promise<RemoteCollection>;
  /** As `open` where there is a collection of the same codec, mode and ids. */
  openOrCreate(options: CreateRemoteOptions): Promise<RemoteCollection>;
  close(): Promise<void>;
}

interface Scheme {
  /** For messages. */
  readonly product: string;
  readonly secure: boolean;
  /** The variable with the key. */
  readonly key: string;
  connect(address: RemoteAddress, key: string | undefined): Promise<RemoteConnection>;
}

const qdrant = {
  product: "Qdrant",
  key: "QDRANT_API_KEY",
  connect: async (address: RemoteAddress, key: string | undefined): Promise<RemoteConnection> =>
    (await import("./remote-qdrant.ts")).connectQdrant(address, key),
};

const weaviate = {
  product: "Weaviate",
  key: "WEAVIATE_API_KEY",
  connect: async (address: RemoteAddress, key: string | undefined): Promise<RemoteConnection> =>
    await (await import("./remote-weaviate.ts")).connectWeaviate(address, key),
};

const SCHEMES: { readonly [scheme: string]: Scheme } = {
  qdrant: { ...qdrant, secure: false },
  qdrants: { ...qdrant, secure: true },
  weaviate: { ...weaviate, secure: false },
  weaviates: { ...weaviate, secure: true },
};

/** Hosts that a key may go to without TLS: it doesn't leave the machine. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** @throws INVALID_ARGUMENT; the text of the address isn't repeated where it may hold a password */
export function parseAddress(text: string): RemoteAddress {
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  const known = Object.keys(SCHEMES);
  if (scheme === undefined || !Object.hasOwn(SCHEMES, scheme)) {
    const near = scheme && nearestName(scheme, known);
    const hint = near ? `; did you mean ${near}://?` : "";
    throw bad(`expected ${known.map((s) => `${s}://`).join(" or ")}host:port/collection${hint}`);
  }
  let url: URL;
  try {
    url = new URL(text.replace(/^[a-z]+/, "http"));
  } catch {
    throw bad(`expected ${scheme}://host:port/collection`);
  }
  const { key, secure } = SCHEMES[scheme];
  if (url.username !== "" || url.password !== "")
    throw bad(`no name or password belongs into an address: set ${key}`);
  if (url.hash !== "") throw bad(`expected ${scheme}://host:port/collection without a fragment`);
  let collection: string;
  try {
    collection = decodeURIComponent(url.pathname.slice(1));
  } catch {
    throw bad("the collection's name isn't well-formed");
  }
  if (collection === "" || collection.includes("/"))
    throw bad(`expected one name of a collection, as in ${scheme}://${url.host}/documents`);
  return {
    scheme,
    secure,
    // `http://host:80` has its port left out.
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (/:80(?=[/?]|$)/.test(text) ? 80 : undefined) : Number(url.port),
    collection,
    settings: Object.fromEntries(url.searchParams),
  };
}

/** @throws INVALID_ARGUMENT for a key that would leave the machine without TLS, or settings that the scheme doesn't have */
export async function connect(
  address: RemoteAddress,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<RemoteConnection> {
  const { scheme, secure, host } = address;
  const { key: variable, product, connect: open } = SCHEMES[scheme];
  const key = environment[variable] || undefined;
  if (key !== undefined && !secure && !LOOPBACK.test(host))
    throw bad(
      `${variable} is set, and ${scheme}:// would send it to ${product} for everyone to read: use ${scheme}s://`,
    );
  return await open(address, key);
}

/** An address for people: nothing of it is secret. */
export function shownAddress({ scheme, host, port, collection }: RemoteAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${name}${port === undefined ? "" : `:${port}`}/${collection}`;
}

/** @throws INVALID_ARGUMENT for a setting that isn't among these */
export function checkSettings({ scheme, settings }: RemoteAddress, known: readonly string[]): void {
  for (const name of Object.keys(settings))
    if (!known.includes(name))
      throw bad(
        `${scheme}:// has no setting ${quote(name)}${known.length > 0 ? `, but ${known.join(", ")}` : ""}`,
      );
}

function bad(reason: string): PithError {
  return new PithError("INVALID_ARGUMENT", `address: ${reason}`);
}
