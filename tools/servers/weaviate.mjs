/**
 * Weaviate nodes on loopback: one, or a cluster that finds itself by gossip. Each has a block of ports of its own:
 *
 *     +0 REST   +1 gRPC   +2 gossip   +3 data of the cluster   +4 Raft   +5 Raft's requests
 *
 * Gossip and data must be neighbours, and so must the last two: nodes on one machine derive one from the other. gRPC and the
 * cluster's data listen on all interfaces, with no setting to change that: loopback.mjs is for that.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./ports.mjs";
import { ServerProcess } from "./processes.mjs";

const PORTS = 6;
const FIRST_PORT = 18_080;

/**
 * @param {string} program of `installWeaviate`
 * @param {{ folder: string, nodes?: number, key?: string, memory?: string, env?: Record<string, string> }} options
 *   `folder`: for data and logs; `nodes`: 1 to 3, default 1; `key`: the only API key that is let in, default none needed;
 *   `memory`: of each node, in Go's units, default "2GiB" (soft: the collector works harder near it); `env`: more settings
 * @returns its nodes, each with `http` and `grpc` ports, `url`, and `start`, `stop`, `kill`
 */
export async function startWeaviate(program, { folder, nodes = 1, key, memory = "2GiB", env = {} }) {
  const bases = [];
  for (let i = 0; i < nodes; i++)
    bases.push(await freePorts(PORTS, (bases.at(-1) ?? FIRST_PORT - PORTS) + PORTS));
  const join_ = bases.map((base, i) => `node${i + 1}:${base + 4}`).join(",");
  const all = bases.map((base, i) => {
    const data = join(folder, `node${i + 1}`);
    mkdirSync(data, { recursive: true });
    const server = new ServerProcess({
      name: `Weaviate's node ${i + 1}`,
      command: [program, "--scheme", "http", "--host", "127.0.0.1", "--port", String(base)],
      log: join(folder, `node${i + 1}.log`),
      ready: async () => (await fetch(`http://127.0.0.1:${base}/v1/.well-known/ready`)).ok,
      env: {
        // Nothing else of ours: keys of other services in the environment aren't Weaviate's business.
        PATH: process.env.PATH,
        HOME: data,
        PERSISTENCE_DATA_PATH: data,
        GOMAXPROCS: "2",
        GOMEMLIMIT: memory,
        ...access(key),
        DEFAULT_VECTORIZER_MODULE: "none",
        ENABLE_MODULES: "",
        ENABLE_API_BASED_MODULES: "false",
        DISABLE_TELEMETRY: "true",
        LOG_LEVEL: "warning",
        GO_PROFILING_DISABLE: "true",
        PROMETHEUS_MONITORING_ENABLED: "false",
        CLUSTER_HOSTNAME: `node${i + 1}`,
        CLUSTER_IN_LOCALHOST: "true",
        CLUSTER_BIND_ADDR: "127.0.0.1",
        CLUSTER_ADVERTISE_ADDR: "127.0.0.1",
        CLUSTER_GOSSIP_BIND_PORT: String(base + 2),
        CLUSTER_DATA_BIND_PORT: String(base + 3),
        ...(i > 0 && { CLUSTER_JOIN: `127.0.0.1:${bases[0] + 2}` }),
        RAFT_PORT: String(base + 4),
        RAFT_INTERNAL_RPC_PORT: String(base + 5),
        RAFT_JOIN: join_,
        RAFT_BOOTSTRAP_EXPECT: String(nodes),
        RAFT_BOOTSTRAP_TIMEOUT: "120",
        GRPC_PORT: String(base + 1),
        ...env,
      },
    });
    return Object.assign(server, { http: base, grpc: base + 1, data, url: `http://127.0.0.1:${base}` });
  });
  // Together: none is ready before they have agreed on a leader.
  await Promise.all(all.map((node) => node.start(180_000)));
  return all;
}

function access(key) {
  if (key === undefined) return { AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: "true" };
  return {
    AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: "false",
    AUTHENTICATION_APIKEY_ENABLED: "true",
    AUTHENTICATION_APIKEY_ALLOWED_KEYS: key,
    AUTHENTICATION_APIKEY_USERS: "tests",
  };
}
