"""Makes the folder `scifact` from the BEIR distribution of SciFact: abstracts, test claims and their judgements.

    python scifact.py BEIR OUT

BEIR is the unpacked archive: corpus.jsonl, queries.jsonl and qrels/test.tsv. A document is title, space, abstract, cut at
256 tokens; a query is a claim of the test split. Exact search over these float32 vectors gives nDCG@10 .6451, the
figure that is published for the model. SciFact: Wadden et al., EMNLP 2020; BEIR: Thakur et al., NeurIPS 2021.
"""

import argparse
import json
from pathlib import Path

from folder import write_folder
from minilm import WEIGHTS_SHA256, bundled_model, progress_lines

MAX_TOKENS = 256


def read_lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, help="the unpacked BEIR archive of SciFact")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    qrels = (options.beir / "qrels" / "test.tsv").read_text(encoding="utf-8")
    judged = {line.split("\t")[0] for line in qrels.splitlines()[1:] if line}
    documents = read_lines(options.beir / "corpus.jsonl")
    queries = [q for q in read_lines(options.beir / "queries.jsonl") if q["_id"] in judged]
    model = bundled_model(MAX_TOKENS)
    texts = [f"{d['title']} {d['text']}".strip() for d in documents]
    corpus = model.embed(texts, progress_lines(len(texts)))
    write_folder(
        options.out,
        corpus,
        [d["_id"] for d in documents],
        model.embed([q["text"] for q in queries]),
        [{"_id": q["_id"], "text": q["text"]} for q in queries],
        {
            "dataset": "BEIR SciFact, test split",
            "model": "sentence-transformers/all-MiniLM-L6-v2",
            "weights_sha256": WEIGHTS_SHA256,
            "max_tokens": MAX_TOKENS,
            "licence": "claims and judgements CC BY 4.0; abstracts ODC-By 1.0 (S2ORC)",
        },
        qrels,
    )
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
