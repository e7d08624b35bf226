#!/usr/bin/env python3
"""Qdrant's engine behind a shim: NOT a Qdrant server.

A part of Qdrant's REST interface, as much as Pith's adapter and its tests use, in front of the storage engine that Qdrant
publishes for Python as `qdrant-edge-py` (one EdgeShard a collection). Storage, ids, payloads, filters, distances,
quantizers and their settings are the engine's; HTTP, status codes, routes and words of errors are ours. There is no
gRPC, cluster, sharding, replication, snapshot, alias, API key, rate limit or strict mode.

    python3 shim.py --port 6333 --data DIR
"""
import argparse
import json
import os
import shutil
import signal
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import qdrant_edge as engine

CONFIG = "edge_config.json"
OPTIMIZERS = ("deleted_threshold", "vacuum_min_vector_number", "default_segment_number", "indexing_threshold")


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def point_id(value):
    """An id as the engine takes it."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    if isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    raise Refused(400, f"value {value} is not a valid point ID, valid values are either an unsigned integer or a UUID")


def id_out(value):
    return value if isinstance(value, int) else str(value)


def selector(wanted):
    if wanted is None or isinstance(wanted, (bool, list)):
        return wanted
    kind = engine.PayloadSelector
    return kind.Include(wanted["include"]) if "include" in wanted else kind.Exclude(wanted["exclude"])


def condition(c):
    if any(name in c for name in ("must", "should", "must_not")):
        return filter_of(c)
    if "has_id" in c:
        return engine.HasIdCondition({point_id(i) for i in c["has_id"]})
    if "key" in c and ("match" in c or "range" in c):
        wanted = {}
        if match := c.get("match"):
            # The binding takes a truth value for an integer, which matches nothing.
            if isinstance(match.get("value"), bool):
                raise Refused(501, "the shim can't match truth values")
            wanted["match"] = engine.MatchAny(match["any"]) if "any" in match else engine.MatchValue(match["value"])
        if bounds := c.get("range"):
            wanted["range"] = engine.RangeFloat(**{k: v for k, v in bounds.items() if v is not None})
        return engine.FieldCondition(c["key"], **wanted)
    raise Refused(501, f"the shim has no condition {json.dumps(c)[:200]}")


def filter_of(f):
    if not f:
        return None
    known = ("must", "should", "must_not")
    return engine.Filter(**{name: [condition(c) for c in f[name]] for name in known if f.get(name) is not None})


def search_params(p):
    if not p:
        return None
    q = p.get("quantization")
    quantization = None
    if q:
        quantization = engine.QuantizationSearchParams(
            ignore=q.get("ignore", False), rescore=q.get("rescore"), oversampling=q.get("oversampling")
        )
    return engine.SearchParams(hnsw_ef=p.get("hnsw_ef"), exact=p.get("exact", False), quantization=quantization)


def record(point):
    out = {"id": id_out(point.id)}
    if point.payload is not None:
        out["payload"] = point.payload
    if point.vector is not None:
        out["vector"] = point.vector
    return out


class Collection:
    """One EdgeShard. Its folder holds the engine's own configuration, which is what GET answers with."""

    def __init__(self, path, body=None):
        self.path = path
        self.operations = 0
        self.optimizing = threading.Lock()
        if body is not None:
            self._configure(body)
        try:
            self.shard = engine.EdgeShard.load(path)
        except BaseException:
            if body is not None:
                shutil.rmtree(path)
            raise

    def _configure(self, body):
        vectors = body.get("vectors") or {}
        config = {"vectors": {"": vectors} if "size" in vectors else vectors, "sparse_vectors": {}}
        for name in ("hnsw_config", "quantization_config"):
            if body.get(name):
                config[name] = body[name]
        if optimizers := body.get("optimizers_config"):
            config["optimizers"] = {k: v for k, v in optimizers.items() if k in OPTIMIZERS and v is not None}
        os.makedirs(self.path)
        # The engine parses what the caller sent, and writes it back as it understood it.
        with open(f"{self.path}/{CONFIG}", "w") as file:
            json.dump(config, file)

    def info(self):
        with open(f"{self.path}/{CONFIG}") as file:
            config = json.load(file)
        vectors = config.get("vectors") or {}
        info = self.shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": info.points_count,
            "indexed_vectors_count": info.indexed_vectors_count,
            "segments_count": info.segments_count,
            "payload_schema": {},
            "config": {
                "params": {"vectors": vectors.get("", vectors), "on_disk_payload": True},
                "hnsw_config": config.get("hnsw_config") or {},
                "optimizer_config": config.get("optimizers") or {},
                "quantization_config": config.get("quantization_config"),
            },
        }

    def update(self, operation, wait):
        self.shard.update(operation)
        self.operations += 1
        # A server optimizes in the background; an EdgeShard leaves it to its owner.
        if wait and self.optimizing.acquire(blocking=False):
            try:
                self.shard.optimize()
            finally:
                self.optimizing.release()
        return {"operation_id": self.operations, "status": "completed" if wait else "acknowledged"}

    def upsert(self, body, wait):
        points = [engine.Point(point_id(p["id"]), p["vector"], p.get("payload")) for p in body["points"]]
        return self.update(engine.UpdateOperation.upsert_points(points), wait)

    def delete(self, body, wait):
        operation = engine.UpdateOperation
        if body.get("points") is not None:
            return self.update(operation.delete_points([point_id(i) for i in body["points"]]), wait)
        return self.update(operation.delete_points_by_filter(filter_of(body["filter"])), wait)

    def retrieve(self, body):
        ids = [point_id(i) for i in body["ids"]]
        payload = selector(body.get("with_payload"))
        return [record(p) for p in self.shard.retrieve(ids, with_payload=payload, with_vector=body.get("with_vector"))]

    def scroll(self, body):
        offset = body.get("offset")
        points, following = self.shard.scroll(
            engine.ScrollRequest(
                offset=None if offset is None else point_id(offset),
                limit=body.get("limit"),
                filter=filter_of(body.get("filter")),
                with_payload=selector(body.get("with_payload")),
                with_vector=body.get("with_vector"),
            )
        )
        return {
            "points": [record(p) for p in points],
            "next_page_offset": None if following is None else id_out(following),
        }

    def count(self, body):
        request = engine.CountRequest(exact=body.get("exact", True), filter=filter_of(body.get("filter")))
        return {"count": self.shard.count(request)}

    def query(self, body):
        request = engine.QueryRequest(
            limit=body.get("limit", 10),
            offset=body.get("offset") or 0,
            query=engine.Query.Nearest(body["query"]),
            with_vector=body.get("with_vector", False),
            with_payload=selector(body.get("with_payload", False)),
            filter=filter_of(body.get("filter")),
            params=search_params(body.get("params")),
        )
        return {"points": [{**record(p), "version": p.version, "score": p.score} for p in self.shard.query(request)]}


class Shim:
    def __init__(self, root):
        self.root = root
        self.lock = threading.Lock()
        os.makedirs(root, exist_ok=True)
        names = [name for name in os.listdir(root) if os.path.exists(f"{root}/{name}/{CONFIG}")]
        self.collections = {name: Collection(f"{root}/{name}") for name in names}

    def route(self, method, path, body, wait):
        if path[:1] != ["collections"]:
            raise Refused(501, "the shim has no such route")
        if len(path) == 1 and method == "GET":
            return {"collections": [{"name": name} for name in self.collections]}
        name, rest = path[1], path[2:]
        if (method, rest) == ("GET", ["exists"]):
            return {"exists": name in self.collections}
        if (method, rest) == ("PUT", []):
            return self.create(name, body)
        if (method, rest) == ("DELETE", []):
            return self.drop(name)
        collection = self.collections.get(name)
        if collection is None:
            raise Refused(404, f"Collection `{name}` doesn't exist!")
        match (method, rest):
            case ("GET", []):
                return collection.info()
            case ("PUT", ["points"]):
                return collection.upsert(body, wait)
            case ("POST", ["points"]):
                return collection.retrieve(body)
            case ("POST", ["points", "delete"]):
                return collection.delete(body, wait)
            case ("POST", ["points", "scroll"]):
                return collection.scroll(body)
            case ("POST", ["points", "count"]):
                return collection.count(body)
            case ("POST", ["points", "query"]):
                return collection.query(body)
        raise Refused(501, f"the shim has no {method} /{'/'.join(path)}")

    def create(self, name, body):
        with self.lock:
            if name in self.collections:
                raise Refused(409, f"Collection `{name}` already exists!")
            if not name.replace("-", "").replace("_", "").isalnum():
                raise Refused(400, "the shim takes letters, digits, - and _ in names of collections")
            self.collections[name] = Collection(f"{self.root}/{name}", body)
        return True

    def drop(self, name):
        with self.lock:
            collection = self.collections.pop(name, None)
        if collection:
            collection.shard.close()
            shutil.rmtree(collection.path)
        return collection is not None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def log_message(self, *_):
        pass

    def answer(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        status = 200
        try:
            if path in ("/", "/readyz"):
                out = {"title": "Qdrant's engine behind a shim, not a Qdrant server", "version": "1.18.0"}
            else:
                body = json.loads(raw) if raw else {}
                route = self.server.shim.route
                out = {"result": route(self.command, path.strip("/").split("/"), body, "wait=true" in query), "status": "ok"}
            # NaN and infinities have no JSON.
            text = json.dumps(out, allow_nan=False)
        except Refused as error:
            status, text = error.status, json.dumps({"status": {"error": str(error)}})
        except Exception as error:  # whatever the engine refuses it refuses by an exception of Python
            status, text = 400, json.dumps({"status": {"error": f"{type(error).__name__}: {error}"}})
        content = text.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_PUT = do_POST = do_DELETE = answer


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, default=6333)
    options.add_argument("--data", required=True)
    given = options.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    server.daemon_threads = True
    server.shim = Shim(given.data)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Qdrant's engine behind a shim: http://127.0.0.1:{given.port}", flush=True)
    try:
        server.serve_forever()
    except (SystemExit, KeyboardInterrupt):
        for collection in server.shim.collections.values():
            collection.shard.close()


if __name__ == "__main__":
    main()
