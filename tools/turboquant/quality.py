"""The search profile of @pith/turboquant in numpy, written apart from it, by docs/turboquant.md: the same bytes and scores.

    quality.py answer < cases.jsonl  for each case adds what is learned, codes, decoded rows and scores
    quality.py golden                prints the golden cases, which are kept in packages/turboquant/test/golden

A case is a line of JSON: metric, dim, bits, trellis (false where it isn't there), seed, sample (a seed of 100 rows to train on, or null), rows and queries,
little-endian float32 in hex. All arithmetic is float32 unless said, each operation rounded once.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

from spec import splitmix64

f32, f64 = np.float32, np.float64
LARGEST = np.finfo(f32).max
SMALLEST = f32(2.0**-149)
SAMPLE_ROWS = 100
ROUNDS = 4
GRIDS = {  # magnitudes, thresholds, the largest magnitude in standard deviations, sizes tried
    1: ([1], [], None, [1.0]),
    2: ([38, 127], [83], 1.5104, [1.0]),
    3: ([14, 44, 79, 127], [29, 62, 103], 2.1519, [1.0, 0.9, 1.1]),
    4: ([6, 18, 31, 44, 58, 75, 96, 127], [12, 25, 38, 51, 67, 86, 112], 2.7326, [1.0, 0.9, 1.1]),
}


def trellis_tables():
    """Standard deviations and window values of 1 to 4 bits; constants, read where they are kept."""
    kept = Path(__file__).parents[2] / "packages/codec-core/src/kernels/trellis-tables.ts"
    text = kept.read_text(encoding="utf8")
    deviations = re.findall(r"^  \d: (?:Math\.fround\()?([\d.]+)\)?,$", text, re.M)
    halves = [np.array(re.findall(r"-?\d+", body), int) for body in re.findall(r"^  \d: \[(.*?)\]", text, re.M | re.S)]
    return {b: (f32(s), np.concatenate([h, -h[::-1]])) for b, (s, h) in enumerate(zip(deviations, halves), 1)}


TRELLIS = trellis_tables()


def trellis_search(w, bits):
    """The windows of whole numbers, of least squared error as the rule has it."""
    values, groups = TRELLIS[bits][1], 256 >> bits
    cost = np.full(256, 65535)
    cost[0] = 0
    came = []
    for j, coordinate in enumerate(w):
        if j > 0 and j % 4 == 0:
            cost = cost - cost.min()
        before = cost.reshape(groups, 1 << bits)
        came.append(before.argmin(axis=1))
        cost = np.minimum(65535, np.tile(before.min(axis=1), 1 << bits) + (int(coordinate) - values) ** 2)
    window, out = int(cost.argmin()), []
    for h in reversed(came):
        out.append(window)
        u = window & (groups - 1)
        window = u << bits | int(h[u])
    return np.array(out[::-1])


def trellis_windows(symbols, bits):
    window, out = 0, []
    for symbol in symbols:
        window = window >> bits | int(symbol) << (8 - bits)
        out.append(window)
    return np.array(out, int)


def striped(terms):
    """The sum of float32 terms in 16 partials and a tree."""
    padded = np.zeros(-(-len(terms) // 16) * 16, f32)
    padded[: len(terms)] = terms
    partial = np.zeros(16, f32)
    for block in padded.reshape(-1, 16):
        partial = partial + block
    for half in (8, 4, 2, 1):
        partial = partial[:half] + partial[half : 2 * half]
    return partial[0]


def unit(x):
    """A row divided by its norm, in float64."""
    partial = np.zeros(8, f64)
    for j, v in enumerate(x.astype(f64)):
        partial[j % 8] += v * v
    for half in (4, 2, 1):
        partial = partial[:half] + partial[half : 2 * half]
    norm = np.sqrt(partial[0])
    return (x.astype(f64) * (1 / norm)).astype(f32) if norm > 0 else x * f32(0)


def power_of(x):
    """The exponent of the power of two that takes the largest element into [1, 2); None for zeros."""
    largest = np.abs(x).max()
    return None if largest == 0 else -max(int(np.frexp(f64(largest))[1]) - 1, -126)


def times_power(x, e):
    return np.ldexp(x.astype(f64), e).astype(f32)


class Rotation:
    def __init__(self, dim, seed):
        words = splitmix64(seed, ROUNDS * -(-dim // 64))
        bits = np.unpackbits(np.array(words, "<u8").view(np.uint8), bitorder="little").reshape(ROUNDS, -1)
        self.signs = np.where(bits[:, :dim] == 1, f32(-1), f32(1))
        self.dim = dim
        self.p = 1 << (dim.bit_length() - 1)

    def window(self, y, r):
        at = 0 if r % 2 == 0 else self.dim - self.p
        x = y[at : at + self.p]
        h = 1
        while h < self.p:
            pairs = x.reshape(-1, 2, h)
            x = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
            h *= 2
        y[at : at + self.p] = x * f32(1 / np.sqrt(f64(self.p)))

    def halves(self, y, r):
        if r % 2 == 0 or self.p == self.dim:
            return
        half, root = self.dim // 2, f32(np.sqrt(f64(0.5)))
        a, b = y[:half].copy(), y[self.dim - half :].copy()
        y[:half], y[self.dim - half :] = (a + b) * root, (a - b) * root

    def apply(self, x):
        y = x.copy()
        for r in range(ROUNDS):
            y *= self.signs[r]
            self.window(y, r)
            self.halves(y, r)
        return y

    def undo(self, x):
        y = x.copy()
        for r in reversed(range(ROUNDS)):
            self.halves(y, r)
            self.window(y, r)
            y *= self.signs[r]
        return y


def levels_of(indices, bits, trellis):
    if trellis:
        return TRELLIS[bits][1][trellis_windows(indices, bits)]
    half = 1 << (bits - 1)
    if bits == 8:
        return indices.astype(np.int64) - half
    magnitudes = np.array(GRIDS[bits][0])
    inner = np.where(indices >= half, indices - half, half - 1 - indices)
    return np.where(indices >= half, 1, -1) * magnitudes[inner]


def quantize(y, bits, trellis, squares):
    """Indices, and the product of y with their levels."""
    if trellis:
        sigma, values = TRELLIS[bits]
        w = y * (sigma * (f32(np.sqrt(f64(len(y)))) / np.sqrt(squares)))
        windows = trellis_search(np.clip(np.rint(w), -127, 127).astype(int), bits)
        return (windows >> (8 - bits)).astype(np.uint8), striped(y * values[windows].astype(f32))
    half = 1 << (bits - 1)
    if bits == 8:
        q = np.rint(y * (f32(127) / np.abs(y).max()))
        return (q + half).astype(np.uint8), striped(y * q)
    magnitudes, thresholds, deviations, sizes = GRIDS[bits]
    sigma = f32(1) if deviations is None else f32(127 / deviations)
    root = f32(np.sqrt(f64(len(y)))) / np.sqrt(squares)
    best = None
    for size in sizes:
        w = y * ((sigma * f32(size)) * root)
        m = np.digitize(np.abs(w), thresholds)
        indices = np.where(w < 0, half - 1 - m, half + m)
        level = levels_of(indices, bits, False)
        product = striped(y * level.astype(f32))
        gain = (product * product) / f32(int((level * level).sum()))
        if best is None or gain > best[0]:
            best = (gain, indices.astype(np.uint8), product)
    return best[1:]


def pack(indices, bits):
    shifts = (indices[:, None] >> np.arange(bits)) & 1
    return np.packbits(shifts.reshape(-1).astype(np.uint8), bitorder="little").tobytes()


def unpack(code, dim, bits):
    stream = np.unpackbits(np.frombuffer(code, np.uint8), bitorder="little")[: dim * bits]
    return (stream.reshape(dim, bits) << np.arange(bits)).sum(axis=1).astype(np.uint8)


class Codec:
    def __init__(self, case):
        self.metric, self.dim, self.bits = case["metric"], case["dim"], case["bits"]
        self.trellis = case.get("trellis", False)
        self.rotation = Rotation(self.dim, case["seed"])
        self.mean = self.table = None
        if case["sample"] is not None:
            self.learn(rows_of(case["sample"], SAMPLE_ROWS, self.dim))

    def learn(self, sample):
        rows = [unit(x) for x in sample] if self.metric == "cosine" else sample
        sums = np.zeros(self.dim, f64)
        for row in rows:
            sums = sums + row.astype(f64)
        self.mean = (sums / SAMPLE_ROWS).astype(f32)
        if self.bits < 8:
            self.table = table_of(np.array([self.quantized(x)[1] for x in sample], f32))

    def quantized(self, x):
        """Indices and the scalar; None and 0 for zeros."""
        if not x.any():
            return None, f32(0)
        row = unit(x) if self.metric == "cosine" else x
        if self.mean is not None:
            row = np.clip(row - self.mean, -LARGEST, LARGEST)
        e = power_of(row)
        if e is None:
            return np.full(self.dim, 1 << (self.bits - 1), np.uint8), SMALLEST
        y = self.rotation.apply(times_power(row, e))
        squares = striped(y * y)
        indices, product = quantize(y, self.bits, self.trellis, squares)
        scalar = np.ldexp(f64(squares / product), -e).astype(f32)
        return indices, min(max(scalar, SMALLEST), LARGEST)

    def encode(self, x):
        indices, scalar = self.quantized(x)
        length = -(-self.dim * self.bits // 8)
        size = length + (4 if self.table is None else 1) + (4 if self.metric == "l2" else 0)
        if indices is None:
            return bytes(size)
        code = pack(indices, self.bits)
        if self.table is None:
            code += np.array(scalar, "<f4").tobytes()
        else:
            ends = (self.table[1:255] + self.table[2:256]) * f32(0.5)
            code += bytes([1 + int((ends <= scalar).sum())])
        if self.metric == "l2":
            code += np.array(min(striped(x * x), LARGEST), "<f4").tobytes()
        return code

    def read(self, code):
        """Levels, the scalar, and |x|^2 where it is there."""
        length = -(-self.dim * self.bits // 8)
        rest = code[length:]
        scalar = np.frombuffer(rest[:4], "<f4")[0] if self.table is None else self.table[rest[0]]
        squares = np.frombuffer(code[-4:], "<f4")[0] if self.metric == "l2" else None
        indices = unpack(code[:length], self.dim, self.bits)
        return levels_of(indices, self.bits, self.trellis), scalar, squares

    def decode(self, code):
        level, scalar, _ = self.read(code)
        if scalar == 0:
            return np.zeros(self.dim, f32)
        x = self.rotation.undo(level.astype(f32)) * scalar
        return np.clip(x if self.mean is None else x + self.mean, -LARGEST, LARGEST)

    def scores(self, query, codes):
        q = unit(query) if self.metric == "cosine" else query
        e = power_of(q)
        integers, step = np.zeros(self.dim, np.int64), f32(0)
        if e is not None:
            y = self.rotation.apply(times_power(q, e))
            largest = np.abs(y).max()
            integers = np.rint(y * (f32(127) / largest)).astype(np.int64)
            step = np.ldexp(f64(largest / f32(127)), -e).astype(f32)
        bias = f32(0) if self.mean is None else striped(q * self.mean)
        own = striped(q * q)
        out = []
        for code in codes:
            level, scalar, squares = self.read(code)
            product = bias + (f32(int((integers * level).sum())) * scalar) * step
            if self.metric == "l2":
                distance = (own + squares) - f32(2) * product
                score = f32(0) - (own if scalar == 0 else max(distance, f32(0)))
            else:
                score = f32(0) if scalar == 0 else product
            out.append(f32(-np.inf) if np.isnan(score) else score)
        return np.array(out, f32)


def table_of(scalars):
    largest = f64(scalars.max())
    lo, hi = 0.5, 2.0
    if largest > 0:
        lo, hi = f64(scalars[scalars > largest * 2.0**-16].min()) / 2, largest * 2
    hi = min(max(hi, 4 * 2.0**-126), f64(LARGEST))
    lo = min(max(lo, 2.0**-126), hi / 4)
    scale = np.zeros(257, f64)
    scale[0], scale[256] = lo, hi
    step = 256
    while step > 1:
        scale[step // 2 :: step] = np.sqrt(scale[:-1:step] * scale[step::step])
        step //= 2
    table = scale[:256].astype(f32)
    table[0] = 0
    return table


def rows_of(seed, count, dim):
    """Rows of numbers that float32 holds exactly, around .25, of lengths that differ."""
    numbers = np.array([z >> 40 for z in splitmix64(seed, count * dim)], f64).reshape(count, dim)
    lengths = 1 + np.arange(count) % 8
    return ((numbers / 2.0**23 - 0.75) * lengths[:, None]).astype(f32)


def floats(text, dim):
    return np.frombuffer(bytes.fromhex(text), "<f4").reshape(-1, dim)


def hexed(data):
    return np.asarray(data, "<f4").tobytes().hex()


def answer(case):
    codec = Codec(case)
    codes = [codec.encode(x) for x in floats(case["rows"], case["dim"])]
    with np.errstate(invalid="ignore"):
        scores = [codec.scores(q, codes) for q in floats(case["queries"], case["dim"])]
    return {
        **case,
        "mean": None if codec.mean is None else hexed(codec.mean),
        "table": None if codec.table is None else hexed(codec.table),
        "codes": b"".join(codes).hex(),
        "decoded": hexed([codec.decode(code) for code in codes]),
        "scores": hexed(scores),
    }


def golden_cases():
    yield from plain_cases()
    for bits in (1, 2, 3, 4):
        for sample in (None, 78):
            dim = 23 + 2 * bits
            yield {
                "name": f"{bits} bits trellis{'' if sample is None else ' trained'}",
                "metric": "cosine" if bits % 2 else "l2",
                "dim": dim,
                "bits": bits,
                "trellis": True,
                "seed": bits,
                "sample": sample,
                "rows": hexed(rows_of(500 + bits, 5, dim)),
                "queries": hexed(rows_of(1500 + bits, 2, dim)),
            }


def plain_cases():
    dims, number = [1, 5, 16, 21, 48], 0
    for bits in (1, 2, 3, 4, 8):
        for metric in ("cosine", "dot", "l2"):
            for sample in (None, 77):
                dim = dims[number % len(dims)]
                number += 1
                usual = rows_of(number, 5, dim)
                edges = [usual[0] * 0, usual[0] * f32(2.0**-140), usual[1] * f32(2.0**60), usual[2] * 0 + f32(0.25)]
                yield {
                    "name": f"{bits} bits {metric}{'' if sample is None else ' trained'}",
                    "metric": metric,
                    "dim": dim,
                    "bits": bits,
                    "seed": number % 7,
                    "sample": sample,
                    "rows": hexed(np.concatenate([usual, np.array(edges, f32)])),
                    "queries": hexed(rows_of(1000 + number, 2, dim)),
                }


def main(command):
    cases = golden_cases() if command == "golden" else (json.loads(line) for line in sys.stdin if line.strip())
    with np.errstate(over="ignore", under="ignore"):
        for case in cases:
            print(json.dumps(answer(case), separators=(",", ":")))


if __name__ == "__main__":
    if sys.argv[1:] not in (["answer"], ["golden"]):
        sys.exit(__doc__)
    main(sys.argv[1])
