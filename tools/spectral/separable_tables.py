"""Trains the separable tables of the trellis quantizer (packages/codec-core/src/kernels/separable-tables.ts).

The value of a window of eight bits is a sum, T[w] = A[w >> 4] + B[w & 15], A of the newer four bits, B of the older: two
tables of 16 in place of one of 256. They are trained on Gaussian samples, in turns: the Viterbi search finds the windows
that cost least; then A and B are those of least squared error for what the windows stood for, weighed by how often they
came. Both are odd (A[15 - i] = -A[i]), and so is T under complement, since Gaussians are symmetric.

    python3 tools/spectral/separable_tables.py      # prints A and B as whole numbers, and what they leave of the variance

Needs numpy; some minutes. Trials from 24 starts for each width, the best of which is trained further. The search is
that of tools/turboquant/trellis_tables.py, which names sources.
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "turboquant"))
from trellis_tables import WINDOWS, search  # noqa: E402

NEWER, OLDER = np.arange(WINDOWS) >> 4, np.arange(WINDOWS) & 15
LENGTH = 256
TRIALS = 24


def parameters():
    """The 256 windows as sums of 16 free numbers: A[8] to A[15], then B[8] to B[15]."""
    out = np.zeros((WINDOWS, 16))
    for first, index in ((0, NEWER), (8, OLDER)):
        place = np.where(index >= 8, index - 8, 7 - index)
        out[np.arange(WINDOWS), first + place] = np.where(index >= 8, 1, -1)
    return out


SUMS = parameters()


def start(bits, seed):
    """Quantiles in any order, sums of which have variance 1; the newest bits tell more the more of them there are."""
    rng = np.random.default_rng(1000 * bits + seed)
    quantiles = np.sort(np.random.default_rng(7).standard_normal(1 << 16))[np.arange(16) * 4096 + 2048][8:]
    share = rng.uniform(0.5, 0.95)
    signs = rng.choice([-1, 1], (2, 8))
    a, b = (signs[i] * rng.permutation(quantiles) for i in range(2))
    return np.concatenate([np.sqrt(share) * a, np.sqrt(1 - share) * b])


def train(bits, seed, rounds, rows, free=None):
    rng = np.random.default_rng(100 + seed)
    free = start(bits, seed) if free is None else free
    for _ in range(rounds):
        x = rng.standard_normal((rows, LENGTH)).astype(np.float32)
        windows = search(x, bits, (SUMS @ free).astype(np.float32)).ravel()
        counts = np.bincount(windows, minlength=WINDOWS)
        sums = np.bincount(windows, weights=x.ravel(), minlength=WINDOWS)
        normal = (SUMS * counts[:, None]).T @ SUMS + 1e-3 * np.eye(16)
        free = np.linalg.solve(normal, SUMS.T @ sums)
    return left(bits, (SUMS @ free).astype(np.float32), 200, LENGTH, 99), free


def left(bits, table, rows, length, seed):
    x = np.random.default_rng(seed).standard_normal((rows, length)).astype(np.float32)
    return float(np.mean((x - table[search(x, bits, table)]) ** 2))


def as_whole(free, unit):
    """A and B in whole numbers, of which a standard deviation is `unit`."""
    half = np.rint(free * unit).astype(int)
    return half[:8], half[8:], SUMS @ half


def left_whole(bits, table, unit, rows, seed):
    """As the codec has it: rows in whole numbers too, none beyond 127."""
    x = np.random.default_rng(seed).standard_normal((rows, 384)).astype(np.float32)
    w = np.clip(np.rint(x * np.float32(unit)), -127, 127)
    windows = search(w, bits, table.astype(np.float32))
    return float(np.mean((x - table[windows] / unit) ** 2))


if __name__ == "__main__":
    for bits in (1, 2, 3, 4):
        trials = sorted((train(bits, seed, 15, 60) + (seed,) for seed in range(TRIALS)), key=lambda t: t[0])
        _, free, seed = trials[0]
        _, free = train(bits, 50 + seed, 15, 600, free)
        best = None
        for unit in (32, 36, 40, 44, 48, 52):
            a, b, table = as_whole(free, unit)
            if np.abs(table).max() > 127:
                break
            loss = left_whole(bits, table, unit, 200, 97)
            if best is None or loss < best[0]:
                best = loss, unit
        a, b, table = as_whole(free, best[1])
        loss = left_whole(bits, table, best[1], 400, 98)
        print(f"# {bits} bits: start {seed} of {[round(t[0], 4) for t in trials]}; {loss:.5f} left as whole numbers, "
              f"{10 * np.log10(loss * 4**bits):.3f} dB above the bound; one standard deviation is {best[1]}")
        print(a.tolist(), b.tolist(), flush=True)
