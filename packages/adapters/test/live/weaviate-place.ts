/** The Weaviate that live tests are given (tools/servers), and collections of their own in it. */
import { randomUUID } from "node:crypto";
import weaviate, { type WeaviateClient } from "weaviate-client";

const url = process.env["PITH_LIVE_WEAVIATE"];
export const key: string = process.env["PITH_LIVE_WEAVIATE_KEY"] ?? "";

/** Undefined where there is none: its tests are skipped. */
export const place: { host: string; http: number; grpc: number } | undefined = url ? parse(url) : undefined;

function parse(text: string): { host: string; http: number; grpc: number } {
  const { hostname, port, searchParams } = new URL(text.replace("weaviate:", "http:"));
  return { host: hostname, http: Number(port), grpc: Number(searchParams.get("grpc")) };
}

/** A client of the given ports, or of the server's own. */
export async function connect(
  ports: { http?: number; grpc?: number; key?: string } = {},
): Promise<WeaviateClient> {
  const { host, http, grpc } = { ...(place as NonNullable<typeof place>), ...ports };
  return await weaviate.connectToCustom({
    httpHost: host,
    httpPort: http,
    httpSecure: false,
    grpcHost: host,
    grpcPort: grpc,
    grpcSecure: false,
    authCredentials: new weaviate.ApiKey(ports.key ?? key),
  });
}

/** A name that no other test has. */
export function newName(): string {
  return `T${randomUUID().replaceAll("-", "")}`;
}
