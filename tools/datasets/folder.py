"""Writes a data folder: unit vectors, ids, queries and exact neighbours in the layout of README.md."""

import hashlib
import json
from pathlib import Path

import numpy as np

NEIGHBOURS = 100


def exact_neighbours(corpus: np.ndarray, queries: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Row numbers of the k largest inner products, int32 [queries, k]; in float64, equal scores by the lower row."""
    wide = corpus.astype(np.float64)
    rows = []
    for query in queries.astype(np.float64):
        rows.append(np.argsort(-(wide @ query), kind="stable")[:k])
    return np.array(rows, np.int32)


def write_folder(
    out: Path,
    corpus: np.ndarray,
    ids: list[str],
    query_vectors: np.ndarray,
    queries: list[dict],
    manifest: dict,
    qrels: str | None = None,
) -> None:
    """`corpus` is kept in the precision that it comes in, float16 or float32."""
    out.mkdir(parents=True, exist_ok=True)
    assert len(corpus) == len(ids) and len(query_vectors) == len(queries)
    width = {np.dtype(np.float16): "f16", np.dtype(np.float32): "f32"}[corpus.dtype]
    np.save(out / f"corpus.{width}.npy", corpus)
    np.save(out / "queries.f32.npy", query_vectors)
    np.save(out / "gt100.i32.npy", exact_neighbours(corpus, query_vectors))
    _write(out / "ids.txt", "".join(f"{name}\n" for name in ids))
    _write(out / "queries.jsonl", "".join(json.dumps(query, ensure_ascii=False) + "\n" for query in queries))
    if qrels is not None:
        _write(out / "qrels.tsv", qrels)
    files = sorted(file for file in out.iterdir() if file.name != "manifest.json")
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    manifest = {**manifest, "documents": len(ids), "queries": len(queries), "dim": corpus.shape[1], "sha256": hashes}
    _write(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
