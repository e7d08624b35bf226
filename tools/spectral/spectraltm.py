"""SpectraLTM 0.1's codes and scores, in numpy, after packages/spectral/src/dft/compat.ts and without its code.

    spectraltm.py golden                 the golden records, one in JSON a line
    spectraltm.py answer < cases.jsonl   codes and scores of other cases

Floats travel as little-endian hex, so that no digit is lost.
"""

import json
import sys

import numpy as np


def floats(text):
    return np.frombuffer(bytes.fromhex(text), "<f4")


def geometric(lo, hi, bits):
    points = 2**bits
    if points == 1:
        return np.array([lo], np.float32)
    return np.exp(np.linspace(np.log(lo), np.log(hi), points)).astype(np.float32)


class Original:
    def __init__(self, dim, topK, magBits, phaseBits, normBits):
        self.dim, self.k = dim, topK
        self.bins = dim // 2 + 1
        self.mag_bits = magBits
        self.mags = geometric(1e-3, np.sqrt(self.bins), magBits)
        self.phases = (2 * np.pi * np.arange(2**phaseBits) / 2**phaseBits).astype(np.float32)
        self.norms = geometric(0.5, 2.0, normBits)

    def spectra(self, rows):
        rows = rows.astype(np.float64)
        norms = np.sqrt((rows * rows).sum(1))
        unit = rows / np.maximum(norms, 1e-9)[:, None]
        spectra = np.fft.fft(unit, axis=1)[:, : self.bins]
        # Real but for rounding.
        spectra[:, 0] = spectra[:, 0].real
        if self.dim % 2 == 0:
            spectra[:, -1] = spectra[:, -1].real
        return norms, spectra

    def kept(self, magnitudes):
        if self.k >= self.bins:
            return np.tile(np.arange(self.bins), (len(magnitudes), 1))
        return np.argsort(-magnitudes, axis=1, kind="stable")[:, : self.k]

    def calibrate(self, rows):
        _, spectra = self.spectra(rows)
        magnitudes = np.abs(spectra)
        pool = np.sort(np.take_along_axis(magnitudes, self.kept(magnitudes), 1).ravel())
        n = len(pool)
        if n == 0:
            return
        lo = max(pool[min(int(0.01 * n), n - 1)], 1e-3)
        hi = max(pool[min(int(0.99 * n), n - 1)], 10 * lo)
        self.mags = geometric(lo, hi, self.mag_bits)

    def encode(self, rows):
        norms, spectra = self.spectra(rows)
        magnitudes = np.abs(spectra)
        idx = self.kept(magnitudes)
        with np.errstate(divide="ignore"):
            logs = np.log(np.take_along_axis(magnitudes, idx, 1))
            log_norms = np.log(norms)
        values = np.take_along_axis(spectra, idx, 1)
        angles = np.angle(values)
        angles = np.where(angles < 0, angles + 2 * np.pi, angles) % (2 * np.pi)
        nearest = lambda grid, x: np.abs(grid - x[..., None]).argmin(-1)
        return {
            "idx": idx,
            "magQ": nearest(np.log(self.mags.astype(np.float64)), logs),
            "phaseQ": nearest(self.phases.astype(np.float64), angles),
            "normQ": nearest(np.log(self.norms.astype(np.float64)), log_norms),
        }

    def dense(self, codes):
        n = len(codes["normQ"])
        out = np.zeros((n, self.bins), np.complex128)
        values = self.mags[codes["magQ"]].astype(np.float64) * np.exp(
            1j * self.phases[codes["phaseQ"]].astype(np.float64)
        )
        np.put_along_axis(out, codes["idx"], values, 1)
        return out

    def scores(self, queries, codes):
        weights = np.full(self.bins, 2.0)
        weights[[0, -1]] = 1
        asked = self.encode(queries)
        sums = ((self.dense(asked) * weights) @ self.dense(codes).conj().T).real
        lengths = self.norms.astype(np.float64)
        by = self.dim * lengths[asked["normQ"]][:, None] * lengths[codes["normQ"]][None, :]
        return np.where(by > 0, sums / by, 0)


def answer(case):
    names = ("dim", "topK", "magBits", "phaseBits", "normBits")
    engine = Original(*(case[name] for name in names))
    rows = floats(case["rows"]).reshape(-1, case["dim"])
    if case["calibrated"]:
        engine.calibrate(rows)
    codes = engine.encode(rows)
    queries = floats(case["queries"]).reshape(-1, case["dim"])
    return {
        **case,
        "magnitudes": engine.mags.tobytes().hex(),
        **{name: values.ravel().tolist() for name, values in codes.items()},
        "scores": engine.scores(queries, codes).astype("<f4").tobytes().hex(),
    }


def golden():
    random = np.random.default_rng(20260)
    shapes = [(384, 8, 8, 8, 8), (384, 64, 8, 8, 8), (16, 9, 8, 8, 8), (13, 3, 4, 5, 6), (4, 1, 0, 0, 0), (97, 20, 8, 3, 16)]
    for i, (dim, k, mag, phase, norm) in enumerate(shapes):
        rows = random.standard_normal((6, dim)) * random.choice([0.01, 1.0, 3.0], (6, 1))
        rows[0] /= np.linalg.norm(rows[0])
        rows[1] = 0
        queries = random.standard_normal((2, dim))
        yield {
            "name": f"{dim} dims, {k} coefficients of {mag} + {phase} bits, {norm} of the norm",
            "dim": dim,
            "topK": k,
            "magBits": mag,
            "phaseBits": phase,
            "normBits": norm,
            "calibrated": i % 2 == 0,
            "rows": rows.astype("<f4").tobytes().hex(),
            "queries": queries.astype("<f4").tobytes().hex(),
        }


if __name__ == "__main__":
    cases = golden() if sys.argv[1] == "golden" else (json.loads(line) for line in sys.stdin if line.strip())
    for case in cases:
        print(json.dumps(answer(case)))
