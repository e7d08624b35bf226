"""Trains the tables of the trellis quantizer (packages/codec-core/src/kernels/trellis.ts) on Gaussian samples.

A window is the last eight bits of a row's bit stream, the newest in its high bits; T[window] is the value of the newest
coefficient. Lloyd's algorithm in turns: the Viterbi search finds the windows that cost least, each entry becomes the mean
of what it stood for. Tables are odd under complement (T[255 - w] = -T[w]), since Gaussians are symmetric.

    python3 tools/turboquant/trellis_tables.py            # prints the tables as int8 and what they leave of the variance

Needs numpy. Source of the bitshift trellis: Tseng, Sun, Hou, De Sa: "QTIP: quantization with trellises and incoherence
processing", NeurIPS 2024; of trellis coding: Marcellin, Fischer, IEEE Trans. Commun. 38(1), 1990.
"""
import sys

import numpy as np

WINDOWS = 256


def search(x, bits, table):
    """The windows of each row of x that leave the least squared error."""
    rows, length = x.shape
    groups, symbols = WINDOWS >> bits, 1 << bits
    cost = np.full((rows, WINDOWS), np.float32(1e30))
    cost[:, 0] = 0
    best = np.empty((length, rows, groups), np.uint8)
    for t in range(length):
        before = cost.reshape(rows, groups, symbols)
        best[t] = before.argmin(2)
        least = before.min(2)
        error = x[:, t, None] - table[None]
        cost = np.tile(least, (1, symbols)) + error * error
    window = cost.argmin(1)
    out = np.empty((rows, length), np.uint8)
    at = np.arange(rows)
    for t in range(length - 1, -1, -1):
        out[:, t] = window
        group = window & (groups - 1)
        window = (group << bits) | best[t, at, group]
    return out


def reversed_bits(w):
    return int(f"{w:08b}"[::-1], 2)


def start(bits, seed):
    """Quantiles spread over the windows so that neighbours in the trellis differ."""
    rng = np.random.default_rng(seed)
    quantiles = np.sort(np.random.default_rng(7).standard_normal(1 << 16))[(np.arange(WINDOWS) * 256 + 128)]
    multiplier = int(rng.integers(1 << 31)) * 2 + 1 if seed else 0x9E3779B1
    places = np.array([((reversed_bits(w) * multiplier) >> 5) % WINDOWS for w in range(WINDOWS)])
    return odd(quantiles[places].astype(np.float32))


def odd(table):
    return ((table - table[::-1]) / 2).astype(np.float32)


def train(bits, seed, rounds, rows, length=256):
    rng = np.random.default_rng(100 + seed)
    table, kept = start(bits, seed), (9.0, None)
    for i in range(rounds):
        x = rng.standard_normal((rows, length)).astype(np.float32)
        windows = search(x, bits, table)
        error = float(np.mean((x - table[windows]) ** 2))
        counts = np.bincount(windows.ravel(), minlength=WINDOWS)
        sums = np.bincount(windows.ravel(), weights=x.ravel(), minlength=WINDOWS)
        counts, sums = counts + counts[::-1], sums - sums[::-1]
        table = np.where(counts > 0, sums / np.maximum(counts, 1), table).astype(np.float32)
    x = np.random.default_rng(99).standard_normal((400, length)).astype(np.float32)
    return float(np.mean((x - table[search(x, bits, table)]) ** 2)), table


def as_int8(table):
    step = float(np.abs(table).max()) / 127
    return np.round(table / step).astype(np.int8), step


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    for bits in (1, 2, 3, 4):
        trials = [train(bits, seed, 25, 150) + (seed,) for seed in range(seeds)]
        trials.sort(key=lambda t: t[0])
        seed = trials[0][2]
        mse, table = train(bits, seed, 40, 1000)
        codes, step = as_int8(table)
        x = np.random.default_rng(98).standard_normal((400, 384)).astype(np.float32)
        rounded = codes.astype(np.float32) * np.float32(step)
        left = float(np.mean((x - rounded[search(x, bits, rounded)]) ** 2))
        print(f"# {bits} bits: seed {seed} of {[round(t[0], 4) for t in trials]}; {mse:.5f} left, as int8 {left:.5f}, "
              f"{10 * np.log10(left * 4**bits):.3f} dB above the bound; one standard deviation is {1 / step:.5f}")
        print(codes.tolist(), flush=True)
