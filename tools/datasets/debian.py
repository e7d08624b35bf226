"""Makes the folder `debian`: package descriptions of a Debian release, embedded, with synopses of others as queries.

    python debian.py OUT --apt APT --update        20,000 documents and 1,000 queries
    python debian.py OUT --names ids.txt --query-names queries.txt        the packages of these files, in their order

A document is "NAME: SYNOPSIS. DESCRIPTION" in one line, cut at 128 tokens; a query is the synopsis alone of a package
outside the base. Packages with the same words count once. The choice is by hash of seed and name, not by a random
number generator: it doesn't depend on the language or its version, and hardly on what else the archive holds.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from apt_packages import Package, read_packages, update
from folder import write_folder
from minilm import WEIGHTS_SHA256, bundled_model, progress_lines

MAX_TOKENS = 128


def choose(packages: dict[str, Package], count: int, seed: int) -> list[Package]:
    """`count` packages of distinct synopsis and description, in the order of their hashes."""
    distinct: dict[tuple[str, str], Package] = {}
    for name in sorted(packages):
        distinct.setdefault((packages[name].synopsis, packages[name].description), packages[name])
    if len(distinct) < count:
        raise SystemExit(f"expected {count} distinct descriptions, apt knows {len(distinct)}")
    rank = {p.name: hashlib.sha256(f"{seed}:{p.name}".encode()).digest() for p in distinct.values()}
    return sorted(distinct.values(), key=lambda p: rank[p.name])[:count]


def named(packages: dict[str, Package], file: Path) -> list[Package]:
    names = file.read_text(encoding="utf-8").split()
    missing = [name for name in names if name not in packages]
    if missing:
        raise SystemExit(f"{file}: apt doesn't know {len(missing)} of {len(names)} names, the first is {missing[0]}")
    return [packages[name] for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--apt", type=Path, help="a folder of your own for apt's lists, instead of the system's")
    parser.add_argument("--update", action="store_true", help="fetch the lists first; asks for --apt")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", type=Path, help="documents: one package name a line")
    parser.add_argument("--query-names", type=Path, help="queries: one package name a line")
    options = parser.parse_args()
    if options.update and options.apt is None:
        parser.error("--update asks for --apt")
    if (options.names is None) != (options.query_names is None):
        parser.error("--names and --query-names go together")
    if options.update:
        update(options.apt)
    packages = read_packages(options.apt)
    print(f"{len(packages)} packages with an English description")
    if options.names is not None:
        documents, queries = named(packages, options.names), named(packages, options.query_names)
        selection = "packages by name"
    else:
        chosen = choose(packages, options.documents + options.queries, options.seed)
        documents, queries = chosen[: options.documents], chosen[options.documents :]
        selection = f"by sha256 of seed and name, seed {options.seed}"
    model = bundled_model(MAX_TOKENS)
    corpus = model.embed([p.text for p in documents], progress_lines(len(documents)))
    query_vectors = model.embed([p.synopsis for p in queries])
    write_folder(
        options.out,
        corpus.astype(np.float16),
        [p.name for p in documents],
        query_vectors,
        [{"_id": f"q:{p.name}", "text": p.synopsis} for p in queries],
        {
            "dataset": "Debian package descriptions",
            "selection": selection,
            "model": "sentence-transformers/all-MiniLM-L6-v2",
            "weights_sha256": WEIGHTS_SHA256,
            "max_tokens": MAX_TOKENS,
            "licence": "vectors and names; each synopsis in queries.jsonl follows the licence of its package",
        },
    )
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
