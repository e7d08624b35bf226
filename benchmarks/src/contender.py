"""Runs one Python contender in a process of its own, as contender.mjs does for Node, with the same task and answer.

`bandwidth` only reads memory.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
from peer_methods import METHODS

K = 10


def rate(work, things, seconds):
    """As in timing.mjs: the median of at least three passes, one more to warm up."""
    work()
    rates, begin = [], time.perf_counter()
    while len(rates) < 3 or time.perf_counter() - begin < seconds:
        rates.append(rate_once(work, things))
    return statistics.median(rates)


def rate_once(work, things):
    start = time.perf_counter()
    work()
    return things / (time.perf_counter() - start)


def read_bandwidth(task):
    """Bytes a second that one thread reads: the dot product of a vector of 512 MiB with itself, by OpenBLAS."""
    x = np.ones(2**27, np.float32)
    return dict(bytesPerSecond=rate(lambda: np.dot(x, x), x.nbytes, task["seconds"]))


def measure(task):
    folder, dim, depth, seconds = task["folder"], task["dim"], task["depth"], task["seconds"]
    corpus = np.fromfile(os.path.join(folder, "corpus.f32"), np.float32).reshape(-1, dim)
    queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dim)
    method = METHODS[task["method"]](corpus, **task["params"])

    encode = None
    if method.get("save") and os.path.exists(task["builtFile"]):
        method["load"](task["builtFile"])
    else:
        if "train" in method:
            method["train"]()
        if "encode_once" in method:
            encode = rate_once(method["encode_once"], len(corpus))
            if method.get("save"):
                method["save"](task["builtFile"])
        elif "encode" in method:
            encode = rate(method["encode"], len(corpus), seconds)
    if method.get("untimed"):
        encode = None
    if "ready" in method:
        method["ready"]()

    judged = queries[: task["recallQueries"]]
    if len(judged) > 0:
        found = np.full((len(judged), depth), 0xFFFFFFFF, np.uint32)
        rows = method["all"](judged, depth)
        found[:, : rows.shape[1]] = rows.astype(np.int64) & 0xFFFFFFFF
        found.tofile(task["foundFile"])

    k = min(K, depth)
    count = task["speedQueries"]
    each = [queries[i : i + 1] for i in range(count["single"])]
    many = queries[: count["batch"]]

    def one_by_one():
        for query in each:
            method["all"](query, k)

    single = rate(one_by_one, len(each), seconds)
    batch = rate(lambda: method["all"](many, k), len(many), seconds) if len(many) > 0 else None
    return dict(
        setting=method["setting"],
        version=method["version"],
        bytesPerVector=method["bytes"](),
        speed=dict(encode=encode, single=single, batch=batch),
    )


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    print(json.dumps(read_bandwidth(task) if task["method"] == "bandwidth" else measure(task)))
