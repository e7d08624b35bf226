"""Makes packages/codec-core/src/kernels/klt-tables.ts: levels of Lloyd and Max for a normal distribution, as whole numbers.

    python levels.py            prints the table of each width and what it loses

A width of k bits has 2^k levels, odd around 0, the largest 127 (of 1 bit 32), so that a level fits a signed byte. With c
the levels of Lloyd and Max in standard deviations and U = 127 / max c, levels are U c rounded, at least one apart. What
they lose of the variance 1 of a normal distribution, with thresholds halfway between neighbours:

    sum over cells [a, b) of level l:  integral of (x - l / U)^2 phi(x) from a to b
"""

import math

import numpy as np

WIDTHS = range(1, 8)


def cdf(x):
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])


def pdf(x):
    return np.where(np.isinf(x), 0.0, np.exp(-(np.where(np.isinf(x), 0.0, x) ** 2) / 2) / math.sqrt(2 * math.pi))


def moments(ends):
    """Integrals of 1, x and x^2 times the density over the cells between `ends`."""
    finite = np.where(np.isinf(ends), 0.0, ends)
    zeroth = np.diff(cdf(ends))
    return zeroth, -np.diff(pdf(ends)), zeroth - np.diff(finite * pdf(ends))


def cells(levels):
    return np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])


def lloyd_max(bits):
    levels = np.linspace(-2.5, 2.5, 2**bits) if bits > 1 else np.array([-1.0, 1.0])
    while True:
        zeroth, first, _ = moments(cells(levels))
        better = first / zeroth
        better = (better - better[::-1]) / 2
        if np.abs(better - levels).max() < 1e-13:
            return better
        levels = better


def whole(bits):
    levels = lloyd_max(bits)
    unit = (32 if bits == 1 else 127) / levels[-1]
    half = np.rint(levels[2 ** (bits - 1) :] * unit).astype(int)
    for i in range(1, len(half)):
        half[i] = max(half[i], half[i - 1] + 1)
    return unit, half


def loss(unit, half):
    levels = np.concatenate([-half[::-1], half]) / unit
    zeroth, first, second = moments(cells(levels))
    return float((second - 2 * levels * first + levels**2 * zeroth).sum())


if __name__ == "__main__":
    for bits in WIDTHS:
        unit, half = whole(bits)
        assert half[-1] <= 127 and half[0] >= 1
        print(f"{bits} bits: unit {unit:.6f}, loses {loss(unit, half):.6f}, levels {half.tolist()}")
