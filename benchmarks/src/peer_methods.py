"""The peers that run in Python, each as a method that contender.py measures.

A method gives: encode or encode_once (all rows), bytes, all (queries; one is a batch of one), and, where building takes long,
save and load.
"""

import os
import tempfile

import numpy as np

# FAISS trains ranges and centroids on a sample; RaBitQ learns a mean alone.
TRAIN_ROWS = 65536
# Product and residual quantizers learn codebooks: in more rounds of k-means, or from more rows, they find no more of the
# true neighbours and take minutes.
CODEBOOK_ROUNDS = 10
CODEBOOK_ROWS = 16384
RESIDUAL_ROUNDS = 5
RESIDUAL_ROWS = 8192
# As turbovec's documentation advises: about this many rows, drawn at random.
CALIBRATION_ROWS = 1024


def faiss_index(corpus, make, setting, once=False, rows=TRAIN_ROWS):
    import faiss

    faiss.omp_set_num_threads(1)
    n, dim = corpus.shape
    held = dict(index=make(faiss, dim))

    def train():
        if not held["index"].is_trained:
            held["index"].train(np.ascontiguousarray(corpus[:: -(-n // rows)]))

    def encode():
        held["index"].reset()
        held["index"].add(corpus)

    return {
        "train": train,
        "encode_once" if once else "encode": encode,
        "setting": setting,
        "version": faiss.__version__,
        "save": (lambda file: faiss.write_index(held["index"], file)) if once else None,
        "load": lambda file: held.update(index=faiss.read_index(file)),
        "bytes": lambda: dict(
            code=held["index"].sa_code_size(), total=len(faiss.serialize_index(held["index"])) / n
        ),
        "all": lambda queries, k: held["index"].search(queries, k)[1],
    }


def faiss_flat(corpus):
    # A flat index stores floats as they are: adding them is a copy, not an encoding.
    method = faiss_index(corpus, lambda faiss, dim: faiss.IndexFlatIP(dim), "float32")
    return dict(method, encode_once=method.pop("encode"), untimed=True)


def faiss_sq8(corpus):
    def make(faiss, dim):
        return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)

    return faiss_index(corpus, make, "QT_8bit")


def faiss_rabitq(corpus, bits, rotated=False):
    """The fast-scan form: the recall of the plain one, and mostly faster. A rotation costs its matrix in bytes."""
    setting = f"RaBitQfs{bits}" if not rotated else f"RR,RaBitQfs{bits}"

    def make(faiss, dim):
        return faiss.index_factory(dim, setting.replace("RR", f"RR{dim}"), faiss.METRIC_INNER_PRODUCT)

    return faiss_index(corpus, make, setting, once=True)


def faiss_codebooks(corpus, setting, refine=None):
    """Learned codebooks. `refine`: how many times the hits wanted are scored again by what Refine keeps of each row."""
    residual = "RQ" in setting

    def make(faiss, dim):
        index = faiss.index_factory(dim, setting, faiss.METRIC_INNER_PRODUCT)
        if refine is not None:
            index.k_factor = refine
        bound_training(faiss, index, RESIDUAL_ROUNDS if residual else CODEBOOK_ROUNDS)
        return index

    rows = RESIDUAL_ROWS if residual else CODEBOOK_ROWS
    if refine is None:
        return faiss_index(corpus, make, setting, True, rows)
    scanned = int(setting[2 : setting.index("x")]) // 2
    method = faiss_index(corpus, make, f"{setting} x{refine}", True, rows)
    # Of all that is kept, those that every search reads.
    return dict(method, bytes=lambda: dict(method["bytes"](), code=scanned))


def bound_training(faiss, index, rounds):
    # Small data have few rows a centroid, which FAISS warns of at each of thousands of codebooks.
    def bound(quantizer):
        quantizer.cp.niter = rounds
        quantizer.cp.min_points_per_centroid = 1

    if isinstance(index, faiss.IndexPreTransform):
        rotation = faiss.downcast_VectorTransform(index.chain.at(0))
        rotation.niter = rounds
        rotation.niter_pq_0 = rounds
        quantizer = faiss.ProductQuantizer(rotation.d_in, rotation.M, 8)
        bound(quantizer)
        rotation.pq = quantizer
        # The rotation only points to it: it must outlive this call.
        quantizer.this.disown()
        index = faiss.downcast_index(index.index)
    if isinstance(index, faiss.IndexRefine):
        index = faiss.downcast_index(index.base_index)
    if hasattr(index, "pq"):
        bound(index.pq)
    elif hasattr(index, "rq"):
        bound(index.rq)
    elif hasattr(index, "prq"):
        for i in range(index.prq.nsplits):
            bound(faiss.downcast_AdditiveQuantizer(index.prq.subquantizer(i)))


def rabitqlib_pca(corpus, bits, dims):
    """Fewer dims first: products with the directions of the greatest second moments, whose matrix counts as state."""
    n, dim = corpus.shape
    second = np.zeros((dim, dim))
    for at in range(0, n, 65536):
        block = corpus[at : at + 65536].astype(np.float64)
        second += block.T @ block
    basis = np.ascontiguousarray(np.linalg.eigh(second)[1][:, : -dims - 1 : -1], np.float32)
    method = rabitqlib_flat(np.ascontiguousarray(corpus @ basis), bits)
    size, search = method["bytes"], method["all"]

    def with_basis():
        own = size()
        return dict(own, total=own["total"] + basis.nbytes / n)

    return dict(
        method,
        setting=f"{dims} dims, {bits} bits",
        bytes=with_basis,
        all=lambda queries, k: search(np.ascontiguousarray(queries @ basis), k),
    )


def rabitqlib_flat(corpus, bits):
    """One partition around the mean, always probed: a flat scan."""
    from importlib.metadata import version

    import rabitqlib

    n, dim = corpus.shape
    held = dict(index=rabitqlib.IvfIndex(dim, n, 1, bits, "ip"))
    mean = corpus.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)

    def size():
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "index")
            held["index"].save(file)
            # Beside the bits each vector has its id and factors.
            return dict(code=dim * bits / 8 + (16 if bits == 1 else 24), total=os.path.getsize(file) / n)

    return dict(
        version=version("rabitqlib"),
        setting="1 partition",
        encode_once=lambda: held["index"].build(corpus, mean, np.zeros(n, np.uint32), 1),
        save=lambda file: held["index"].save(file),
        load=lambda file: held.update(index=rabitqlib.IvfIndex.load(file)),
        bytes=size,
        all=lambda queries, k: np.asarray(held["index"].search(queries, k, 1, num_threads=1)[0]),
    )


def turbovec(corpus, bits, calibrated=False):
    """Prepared before it searches, as ours is laid out; the first row, which makes the rotation, isn't timed."""
    from importlib.metadata import version

    from turbovec import TurboQuantIndex

    n, dim = corpus.shape
    index = TurboQuantIndex(dim=dim, bit_width=bits)
    if calibrated:
        rows = np.random.default_rng(0).permutation(n)[:CALIBRATION_ROWS]
        index.calibrate(np.ascontiguousarray(corpus[rows]))
    index.add(corpus[:1])

    # 3 bits are stored as 4.
    return dict(
        version=version("turbovec"),
        setting="calibrated" if calibrated else "plain",
        encode_once=lambda: index.add(corpus[1:]),
        ready=index.prepare,
        bytes=lambda: dict(code=dim * (4 if bits == 3 else bits) / 8 + 4, total=len(index.to_bytes()) / n),
        all=lambda queries, k: np.asarray(index.search(queries, k)[1]),
    )


def usearch_exact(corpus):
    """usearch scans bytes that the caller made; cosine takes any scale, so each vector gets its own, as in our int8."""
    import usearch
    from usearch.index import MetricKind, search

    codes = to_bytes(corpus)[0]

    def many(queries, k):
        keys = search(codes, to_bytes(queries)[0], k, MetricKind.Cos, exact=True, threads=1).keys
        return np.asarray(keys).reshape(len(queries), -1)

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
        save=index.save,
        load=index.load,
        bytes=size,
        all=lambda queries, k: np.asarray(index.search(queries, k, threads=1).keys).reshape(len(queries), -1),
    )


def numkong(corpus):
    """int8 products of all queries with all rows; NumPy keeps the best, as NumKong has no search."""
    import numkong as nk

    codes, scales = to_bytes(corpus)
    packed = nk.dots_pack(codes, "int8")

    def many(queries, k):
        scores = np.asarray(nk.dots_packed(to_bytes(queries)[0], packed)) * scales
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        return np.take_along_axis(best, order, 1)

    size = lambda: dict(code=corpus.shape[1] + 4, total=corpus.shape[1] + 4)  # noqa: E731
    return dict(version=nk.__version__, setting="packed", bytes=size, all=many)


def to_bytes(x):
    """Bytes and one scale for each row."""
    largest = np.abs(x).max(axis=1)
    factor = 127 / np.where(largest > 0, largest, 1)
    return np.round(x * factor[:, None]).astype(np.int8), (largest / 127).astype(np.float32)


METHODS = {
    "faiss.codebooks": faiss_codebooks,
    "faiss.flat": faiss_flat,
    "faiss.sq8": faiss_sq8,
    "faiss.rabitq": faiss_rabitq,
    "numkong.int8": numkong,
    "rabitqlib": rabitqlib_flat,
    "rabitqlib.pca": rabitqlib_pca,
    "turbovec": turbovec,
    "usearch.exact": usearch_exact,
    "usearch.hnsw": usearch_hnsw,
}
