"""The codes of spectral-dft in numpy, after docs/spectral.md and without the code of packages/spectral.

    dft.py golden                 the golden records, one in JSON a line
    dft.py answer < cases.jsonl   codes and scores of other cases

Floats travel as little-endian hex. numpy's transform rounds otherwise than Pith's, by some 1e-16: codes are the same where
no coefficient stands that near to a bound.
"""

import json
import math
import sys

import numpy as np


def floats(text):
    return np.frombuffer(bytes.fromhex(text or ""), "<f4")


class Codec:
    def __init__(self, case):
        self.metric, self.dim = case["metric"], case["dim"]
        self.bins = self.dim // 2 + 1
        self.k = case["topK"] or max(1, self.bins // 8)
        self.mag, self.phase = case["magBits"], case["phaseBits"]
        self.levels = floats(case["levels"]).astype(np.float64) if self.mag else np.array([1.0])
        self.mean = floats(case["mean"]).astype(np.float64)
        self.table = floats(case["table"])
        width = math.ceil(math.log2(self.bins))
        ways = [("all", 0, 0)] if self.k == self.bins else [("map", self.bins, 0)]
        ways += [("split", self.k + (self.bins - 1 >> low), low) for low in range(1, width)]
        ways += [("plain", 0, width)]
        self.form, self.map_bits, self.low = min(ways, key=lambda way: way[1] + self.k * way[2])

    def spectrum(self, rows):
        y = np.fft.fft(rows, axis=1)[:, : self.bins]
        for b in {0, self.dim // 2} if self.dim % 2 == 0 else {0}:
            y[:, b] = y[:, b].real * math.sqrt(0.5)
        return y

    def sectors(self):
        return np.exp(2j * np.pi * np.arange(2**self.phase) / 2**self.phase)

    def encode(self, row):
        """The bytes of a row, and what they stand for: its coefficients, times the scalar."""
        x = row.astype(np.float64)
        squares = float((x * x).sum())
        if squares == 0:
            scalar = 1 if len(self.table) else 4
            return bytes(self.stream_bytes() + scalar + (4 if self.metric == "l2" else 0)), None
        r = x / math.sqrt(squares) if self.metric == "cosine" else x
        if len(self.mean):
            r = r - self.mean
        y = self.spectrum(r[None])[0]
        energies = np.abs(y) ** 2
        total = energies.sum()
        kept = np.sort(np.argsort(-energies, kind="stable")[: self.k])
        phases = np.rint(np.angle(y[kept]) / (2 * np.pi) * 2**self.phase).astype(int) % 2**self.phase
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        magnitudes = np.searchsorted(middles, np.sqrt(energies[kept] / total), side="right")
        coded = self.levels[magnitudes] * self.sectors()[phases]
        product = (y[kept] * coded.conj()).real.sum()
        scalar = np.float32(total / product)
        stream = self.stream(kept, phases, magnitudes)
        if len(self.table):
            marks = (self.table[1:-1] + self.table[2:]).astype(np.float64) / 2
            place = 1 + int((marks <= scalar).sum())
            scalar, tail = self.table[place], bytes([place])
        else:
            tail = scalar.astype("<f4").tobytes()
        if self.metric == "l2":
            tail += np.float32(squares).astype("<f4").tobytes()
        sparse = np.zeros(self.bins, np.complex128)
        sparse[kept] = coded * np.float64(scalar)
        return stream + tail, sparse

    def stream_bytes(self):
        return (self.map_bits + self.k * (self.low + self.phase + self.mag) + 7) // 8

    def stream(self, kept, phases, magnitudes):
        bits = 0
        for i, (b, phase, magnitude) in enumerate(zip(map(int, kept), map(int, phases), map(int, magnitudes))):
            if self.form == "map":
                bits |= 1 << b
            if self.form == "split":
                bits |= 1 << (b >> self.low) + i
            field = phase | (b & (1 << self.low) - 1) << self.phase | magnitude << self.phase + self.low
            bits |= field << self.map_bits + i * (self.low + self.phase + self.mag)
        return bits.to_bytes(self.stream_bytes(), "little")

    def scores(self, queries, rows, sparse):
        q = queries.astype(np.float64)
        if self.metric == "cosine":
            q = q / np.linalg.norm(q, axis=1, keepdims=True)
        spectra = self.spectrum(q)
        bias = q @ self.mean if len(self.mean) else np.zeros(len(q))
        lengths = (q * q).sum(1)
        out = []
        for spectrum, shift, own in zip(spectra, bias, lengths):
            for row, coefficients in zip(rows.astype(np.float64), sparse):
                if coefficients is None:
                    out.append(-own if self.metric == "l2" else 0)
                    continue
                score = shift + 2 / self.dim * (spectrum * coefficients.conj()).real.sum()
                out.append(-max(0, own + (row * row).sum() - 2 * score) if self.metric == "l2" else score)
        return np.array(out, "<f4")


def answer(case):
    codec = Codec(case)
    rows = floats(case["rows"]).reshape(-1, case["dim"])
    coded = [codec.encode(row) for row in rows]
    queries = floats(case["queries"]).reshape(-1, case["dim"])
    scores = codec.scores(queries, rows, [sparse for _, sparse in coded])
    return {**case, "codes": b"".join(code for code, _ in coded).hex(), "scores": scores.tobytes().hex()}


def golden():
    random = np.random.default_rng(20261)
    hexed = lambda x: np.asarray(x).astype("<f4").tobytes().hex()
    shapes = [(384, 0, 0, 3), (384, 8, 8, 8), (64, 9, 2, 4), (64, 33, 3, 5), (13, 5, 1, 2), (4, 1, 0, 2), (97, 40, 0, 3), (30, 1, 8, 8)]
    for dim, k, mag, phase in shapes:
        for i, metric in enumerate(("cosine", "dot", "l2")):
            trained = (dim + k + i) % 2 == 0
            rows = random.standard_normal((5, dim))
            rows[0] = 0
            bins = dim // 2 + 1
            levels = np.sqrt(np.linspace(0.5, 6, 2**mag) / bins)
            spread = 2.0 ** (np.arange(255) / 16 - 8)
            yield {
                "name": f"{dim} dims, {k} coefficients of {mag} + {phase} bits, {metric}{', trained' if trained else ''}",
                "metric": metric,
                "dim": dim,
                "topK": k,
                "magBits": mag,
                "phaseBits": phase,
                "levels": hexed(levels) if mag else "",
                "mean": hexed(random.standard_normal(dim) / 10) if trained else "",
                "table": hexed(np.concatenate([[0], spread])) if trained else "",
                "rows": hexed(rows),
                "queries": hexed(random.standard_normal((2, dim))),
            }


if __name__ == "__main__":
    cases = golden() if sys.argv[1] == "golden" else (json.loads(line) for line in sys.stdin if line.strip())
    for case in cases:
        print(json.dumps(answer(case)))
