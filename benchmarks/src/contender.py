"""Runs one Python contender in a process of its own, as contender.mjs does for Node, with the same task and answer.

A method gives: encode or encode_once (all rows), bytes, one (a query), all (many queries); `bandwidth` only reads memory.
"""

import json
import os
import statistics
import sys
import tempfile
import time

import numpy as np

K = 10


def faiss_index(corpus, make, train):
    import faiss

    faiss.omp_set_num_threads(1)
    n, dim = corpus.shape
    index = make(faiss, dim)
    if train:
        index.train(corpus)

    def encode():
        index.reset()
        index.add(corpus)

    return dict(
        version=faiss.__version__,
        encode=encode,
        bytes=lambda: dict(code=index.sa_code_size(), total=len(faiss.serialize_index(index)) / n),
        all=lambda queries, k: index.search(queries, k)[1],
    )


def faiss_flat(corpus):
    # A flat index stores floats as they are: adding them is a copy, not an encoding.
    method = faiss_index(corpus, lambda faiss, dim: faiss.IndexFlatIP(dim), train=False)
    return dict(method, setting="float32", encode_once=method.pop("encode"), untimed=True)


def faiss_sq8(corpus):
    def make(faiss, dim):
        return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)

    return dict(faiss_index(corpus, make, train=True), setting="QT_8bit")


def usearch_exact(corpus):
    """usearch scans bytes that the caller made; cosine takes any scale, so each vector gets its own, as in our int8."""
    import usearch
    from usearch.index import MetricKind, search

    def to_bytes(x):
        largest = np.abs(x).max(axis=1, keepdims=True)
        return np.round(x * (127 / np.where(largest > 0, largest, 1))).astype(np.int8)

    codes = to_bytes(corpus)

    def many(queries, k):
        keys = np.asarray(search(codes, to_bytes(queries), k, MetricKind.Cos, exact=True, threads=1).keys)
        return keys.reshape(len(queries), -1)

    setting = "bytes by the caller"
    size = lambda: dict(code=codes.shape[1], total=codes.nbytes / len(codes))  # noqa: E731
    return dict(version=usearch.__version__, setting=setting, bytes=size, all=many)


def usearch_hnsw(corpus):
    import usearch
    from usearch.index import Index

    n, dim = corpus.shape
    index = Index(ndim=dim, metric="cos", dtype="i8", connectivity=16, expansion_add=128, expansion_search=64)

    def size():
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "index")
            index.save(file)
            return dict(code=dim, total=os.path.getsize(file) / n)

    return dict(
        version=usearch.__version__,
        setting="M=16, ef=64",
        encode_once=lambda: index.add(np.arange(n), corpus, threads=1),
        bytes=size,
        all=lambda queries, k: np.asarray(index.search(queries, k, threads=1).keys).reshape(len(queries), -1),
    )


def numkong(corpus):
    """int8 products of all queries with all rows; NumPy keeps the best, as NumKong has no search."""
    import numkong as nk

    def to_bytes(x):
        largest = np.abs(x).max(axis=1)
        factor = 127 / np.where(largest > 0, largest, 1)
        return np.round(x * factor[:, None]).astype(np.int8), (largest / 127).astype(np.float32)

    codes, scales = to_bytes(corpus)
    packed = nk.dots_pack(codes, "int8")

    def many(queries, k):
        scores = np.asarray(nk.dots_packed(to_bytes(queries)[0], packed)) * scales
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        return np.take_along_axis(best, order, 1)

    size = lambda: dict(code=corpus.shape[1] + 4, total=corpus.shape[1] + 4)  # noqa: E731
    return dict(version=nk.__version__, setting="packed", bytes=size, all=many)


def turbovec(corpus):
    from importlib.metadata import version

    from turbovec import TurboQuantIndex

    n, dim = corpus.shape
    index = TurboQuantIndex(dim=dim, bit_width=4)

    def encode():
        index.add(corpus)
        index.prepare()

    return dict(
        version=version("turbovec"),
        setting="4 bits",
        encode_once=encode,
        bytes=lambda: dict(code=dim // 2 + 4, total=len(index.to_bytes()) / n),
        all=lambda queries, k: np.asarray(index.search(queries, k)[1]),
    )


METHODS = {
    "numkong.int8": numkong,
    "turbovec.4bit": turbovec,
    "faiss.flat": faiss_flat,
    "faiss.sq8": faiss_sq8,
    "usearch.exact": usearch_exact,
    "usearch.hnsw": usearch_hnsw,
}


def rate(work, things, seconds):
    """As in timing.mjs: the median of at least three passes, one more to warm up."""
    work()
    rates, begin = [], time.perf_counter()
    while len(rates) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        work()
        rates.append(things / (time.perf_counter() - start))
    return statistics.median(rates)


def read_bandwidth(task):
    """Bytes a second that one thread reads: the dot product of a vector of 512 MiB with itself, by OpenBLAS."""
    x = np.ones(2**27, np.float32)
    return dict(bytesPerSecond=rate(lambda: np.dot(x, x), x.nbytes, task["seconds"]), method="OpenBLAS sdot, 512 MiB")


def measure(task):
    folder, dim, depth, seconds = task["folder"], task["dim"], task["depth"], task["seconds"]
    corpus = np.fromfile(os.path.join(folder, "corpus.f32"), np.float32).reshape(-1, dim)
    queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dim)
    method = METHODS[task["method"]](corpus)

    encode = None
    if "encode_once" in method:
        start = time.perf_counter()
        method["encode_once"]()
        encode = None if method.get("untimed") else len(corpus) / (time.perf_counter() - start)
    elif "encode" in method:
        encode = rate(method["encode"], len(corpus), seconds)

    found = np.full((len(queries), depth), 0xFFFFFFFF, np.uint32)
    rows = method["all"](queries, depth)
    found[:, : rows.shape[1]] = rows.astype(np.int64) & 0xFFFFFFFF
    found.tofile(task["foundFile"])

    k = min(K, depth)
    each = [queries[i : i + 1] for i in range(len(queries))]

    def one_by_one():
        for query in each:
            method["all"](query, k)

    single = rate(one_by_one, len(queries), seconds)
    batch = rate(lambda: method["all"](queries, k), len(queries), seconds)
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
