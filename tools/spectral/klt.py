"""Codes in a learned basis in numpy: a second implementation that the TypeScript and Rust ones are tested against.

    python klt.py answer  < cases.jsonl > answers.jsonl
    python klt.py golden  > packages/spectral/test/golden/klt.jsonl

A case is a line of JSON: metric, dim, bytes, quantizer, windows (full if it isn't there), a seed of the state, rows and queries, little-endian float32 in hex.
The state is made from its seed by hand, not learned: an answer holds its tensors. All arithmetic is float32 unless said, each
operation rounded once. The rule is in packages/codec-core/src/kernels/klt.ts, klt-scores.ts and klt-nibbles.ts.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "turboquant"))
from quality import LARGEST, SMALLEST, TRELLIS, floats, hexed, power_of, striped, table_of, times_power, unit
from quality import rows_of as quality_rows
from spec import splitmix64

f32, f64 = np.float32, np.float64
STEPS = 16256


def kept_tables():
    """Levels above 0 and units of 1 to 7 bits; constants, read where they are kept."""
    kept = Path(__file__).parents[2] / "packages/codec-core/src/kernels/klt-tables.ts"
    text = kept.read_text(encoding="utf8")
    magnitudes = text[text.index("const MAGNITUDES") : text.index("const UNITS")]
    units = text[text.index("const UNITS") : text.index("const LOSSES")]
    halves = re.findall(r"^  (\d): \[(.*?)\]", magnitudes, re.M | re.S)
    levels = {int(b): np.array(re.findall(r"\d+", body), int) for b, body in halves}
    deviations = {int(b): f32(u) for b, u in re.findall(r"(\d): Math\.fround\(([\d.]+)\)", units)}
    return {b: (deviations[b], np.concatenate([-h[::-1], h])) for b, h in levels.items()}


LEVELS = kept_tables()


def separable_tables():
    """The values of all windows and the unit of 1 to 4 bits; constants, read where they are kept."""
    kept = Path(__file__).parents[2] / "packages/codec-core/src/kernels/separable-tables.ts"
    text = kept.read_text(encoding="utf8")
    newer, older = text.index("const NEWER"), text.index("const OLDER")
    units = re.findall(r"^  (\d): (\d+),", text[:newer], re.M)
    ends = [re.findall(r"^  \d: \[(.*?)\]", part, re.M | re.S) for part in (text[newer:older], text[older:])]
    sides = [[np.array(re.findall(r"-?\d+", body), int) for body in part] for part in ends]
    whole = [[np.concatenate([-half[::-1], half]) for half in side] for side in sides]
    return {int(b): (f32(unit), np.add.outer(a, o).ravel()) for (b, unit), a, o in zip(units, *whole)}


SEPARABLE = separable_tables()


def trellis_search(w, bits, tables):
    """The windows of whole numbers of unequal bits, of least squared error as the rule has it."""
    cost = np.full(256, 65535)
    cost[0] = 0
    came = []
    for j, (coordinate, b) in enumerate(zip(w, bits)):
        if j > 0 and j % 4 == 0:
            cost = cost - cost.min()
        before = cost.reshape(256 >> b, 1 << b)
        came.append(before.argmin(axis=1))
        cost = np.minimum(65535, np.tile(before.min(axis=1), 1 << b) + (int(coordinate) - tables[b][1]) ** 2)
    window, out = int(cost.argmin()), []
    for h, b in zip(reversed(came), reversed(bits)):
        out.append(window)
        u = window & ((256 >> b) - 1)
        window = u << b | int(h[u])
    return out[::-1]


class Codec:
    def __init__(self, case):
        self.metric, self.dim, self.trellis = case["metric"], case["dim"], case["quantizer"] == "trellis"
        self.code_bytes = case["bytes"] - (5 if self.metric == "l2" else 1)
        self.windows = SEPARABLE if case.get("windows") == "separable" else TRELLIS
        self.make_state(case["state"], case.get("nibbles", False))
        self.factors()

    def make_state(self, seed, nibbles):
        dim, total = self.dim, 8 * self.code_bytes
        numbers = iter(splitmix64(seed, 2 * total + dim * (1 + total)))
        widths = []
        if nibbles:
            third = 2 * self.code_bytes // 3
            widths = [1] * 4 * third + [2] * 2 * third + [4] * (2 * self.code_bytes - 2 * third)
        while sum(widths) < total:
            widths.append(min(1 + next(numbers) % 7, total - sum(widths)))
        while len(widths) > dim:  # the same bits in fewer components
            widths.sort()
            first = widths.pop(0)
            for i in range(len(widths)):
                more = min(first, 7 - widths[i])
                widths[i] += more
                first -= more
        self.bits = sorted(widths)
        count = len(self.bits)
        self.mean = np.array([(next(numbers) >> 40) / 2.0**26 - 0.125 for _ in range(dim)], f64).astype(f32)
        self.basis = np.array([next(numbers) % 255 for _ in range(dim * count)], int).reshape(count, dim) - 127
        self.basis[:, 0] |= 1  # no axis of zeros
        self.sigma = (0.25 * (np.arange(count) + 1) / count + 0.125).astype(f32)
        self.table = table_of(np.array([0.25, 2], f32))

    def factors(self):
        forward, back, step, twice = [], [], [], []
        for q, sigma, b in zip(self.basis, self.sigma.astype(f64), self.bits):
            length = np.sqrt(f64((q * q).sum()))
            product = np.cumsum(self.mean.astype(f64) * q)[-1]
            u = f64((self.windows if self.windowed(b) else LEVELS)[b][0])
            forward.append(u / (sigma * length))
            back.append(sigma / (u * length))
            step.append(sigma / u)
            twice.append((2 * product) / length)
        self.forward, self.back, self.step, self.twice = (np.array(x, f64).astype(f32) for x in (forward, back, step, twice))

    def windowed(self, b):
        return self.trellis and b <= 4

    def project(self, y):
        sums = np.zeros(len(self.bits), f32)
        for j in range(self.dim):
            sums = sums + y[j] * self.basis[:, j].astype(f32)
        return sums

    def encode(self, x):
        size = self.code_bytes + (5 if self.metric == "l2" else 1)
        if not x.any():
            return bytes(size)
        y = (unit(x) if self.metric == "cosine" else x) - self.mean
        w = self.project(np.clip(y, f32(-(2.0**100)), f32(2.0**100))) * self.forward
        first = [r for r, b in enumerate(self.bits) if self.windowed(b)]
        windows = trellis_search(np.clip(np.rint(w[first]), -127, 127).astype(int), [self.bits[r] for r in first], self.windows)
        stream, level = [], []
        for r, b in enumerate(self.bits):
            if r < len(windows):
                symbol, value = windows[r] >> (8 - b), self.windows[b][1][windows[r]]
            else:
                levels = LEVELS[b][1]
                symbol = int(((levels[1:] + levels[:-1]) / 2 <= w[r]).sum())
                value = levels[symbol]
            stream += [symbol >> i & 1 for i in range(b)]
            level.append(value)
        code = np.packbits(np.array(stream, np.uint8), bitorder="little").tobytes()
        e = self.step * np.array(level, f32)
        square = striped(self.mean * self.mean) + striped(e * (e + self.twice))
        scalar = SMALLEST
        if 0 < square < np.inf:
            scalar = min(max(self.length(x) / np.sqrt(square), SMALLEST), LARGEST)
        ends = (self.table[1:255] + self.table[2:256]) * f32(0.5)
        code += bytes([1 + int((ends <= scalar).sum())])
        return code + (np.array(min(striped(x * x), LARGEST), "<f4").tobytes() if self.metric == "l2" else b"")

    def length(self, x):
        if self.metric == "cosine":
            return f32(1)
        square = striped(x * x)
        if 2.0**-100 <= square <= 2.0**100:
            return np.sqrt(square)
        e = power_of(x)
        scaled = times_power(x, e)
        return np.ldexp(f64(np.sqrt(striped(scaled * scaled))), -e).astype(f32)

    def read(self, code):
        """Levels, the scalar, and |x|^2 where it is there."""
        stream = np.unpackbits(np.frombuffer(code[: self.code_bytes], np.uint8), bitorder="little")
        at, window, level = 0, 0, []
        for b in self.bits:
            symbol = int((stream[at : at + b].astype(int) << np.arange(b)).sum())
            at += b
            if self.windowed(b):
                window = window >> b | symbol << (8 - b)
                level.append(self.windows[b][1][window])
            else:
                level.append(LEVELS[b][1][symbol])
        squares = np.frombuffer(code[-4:], "<f4")[0] if self.metric == "l2" else None
        return np.array(level), self.table[code[self.code_bytes]], squares

    def decode(self, code):
        level, scalar, _ = self.read(code)
        if scalar == 0:
            return np.zeros(self.dim, f32)
        e = self.back * level.astype(f32)
        x = [self.mean[j] + striped(e * self.basis[:, j].astype(f32)) for j in range(self.dim)]
        return np.clip(scalar * np.array(x, f32), -LARGEST, LARGEST)

    def nibbled(self):
        ones, twos, fours = (self.bits.count(b) for b in (1, 2, 4))
        return not self.trellis and ones + twos + fours == len(self.bits) and ones % 4 == 0 and twos % 2 == 0

    def by_tables(self, p, bias, reciprocal):
        """What a nibbled code's product with a query is, but for the scalar."""
        values = np.zeros((2 * self.code_bytes, 16), f32)
        at = 0
        for r, b in enumerate(self.bits):
            symbols = np.arange(16) >> (at % 4) & ((1 << b) - 1)
            values[at // 4] = values[at // 4] + p[r] * LEVELS[b][1][symbols].astype(f32)
            at += b
        low = values.min(1)
        ranges = values.max(1) - low
        largest = ranges.max()
        base = f32(0)
        for x in low:
            base = base + x
        entries, step = np.zeros(values.shape, int), f32(0)
        with np.errstate(divide="ignore", over="ignore"):
            factor = f32(1020) / largest
        if 0 < largest < np.inf and factor < np.inf:
            sizes = ranges * factor
            weights = 1 + (sizes > 255).astype(int) + (sizes > 510) + (sizes > 765)
            own = factor / weights.astype(f32)
            entries = np.clip(np.rint((values - low[:, None]) * own[:, None]), 0, 255).astype(int) * weights[:, None]
            step = largest / f32(1020)

        def inner(code):
            stream = np.frombuffer(code[: self.code_bytes], np.uint8)
            nibbles = np.stack([stream & 15, stream >> 4], 1).ravel()
            total = f32(int(entries[np.arange(len(nibbles)), nibbles].sum()))
            return bias + (base + total * step) * reciprocal

        return inner

    def scores(self, query, codes):
        q = unit(query) if self.metric == "cosine" else query
        e = power_of(q)
        p = self.project(q if e is None else times_power(q, e)) * self.back
        reciprocal = f32(0) if e is None else np.ldexp(f64(1), -e).astype(f32)
        tables = self.by_tables(p, striped(q * self.mean), reciprocal) if self.nibbled() else None
        largest = np.abs(p).max()
        whole, step = np.zeros(len(p), np.int64), f32(0)
        if largest > 0:
            whole = np.clip(np.rint(p * (f32(STEPS) / largest)), -STEPS, STEPS).astype(np.int64)
            step = (largest / f32(STEPS)) * reciprocal
        high = (whole + 64) >> 7
        bias = striped(q * self.mean)
        own = striped(q * q)
        out = []
        for code in codes:
            level, scalar, squares = self.read(code)
            total = f32(int((high * level).sum())) * f32(128) + f32(int(((whole - 128 * high) * level).sum()))
            product = scalar * (tables(code) if tables else bias + total * step)
            if self.metric == "l2":
                distance = (own + squares) - f32(2) * product
                score = f32(0) - (own if scalar == 0 else max(distance, f32(0)))
            else:
                score = f32(0) if scalar == 0 else product
            out.append(f32(-np.inf) if np.isnan(score) else score)
        return np.array(out, f32)


def rows_of(seed, count, dim):
    return quality_rows(seed, count, dim) * f32(0.25)


def answer(case):
    codec = Codec(case)
    codes = [codec.encode(x) for x in floats(case["rows"], case["dim"])]
    with np.errstate(invalid="ignore"):
        scores = [codec.scores(q, codes) for q in floats(case["queries"], case["dim"])]
    return {
        **case,
        "mean": hexed(codec.mean),
        "basis": codec.basis.astype(np.int8).tobytes().hex(),
        "sigma": hexed(codec.sigma),
        "bits": bytes(codec.bits).hex(),
        "table": hexed(codec.table),
        "codes": b"".join(codes).hex(),
        "decoded": hexed([codec.decode(code) for code in codes]),
        "scores": hexed(scores),
    }


def golden_cases():
    metrics = ("cosine", "dot", "l2")
    shapes = [(2, 1), (5, 3), (16, 4), (21, 17), (48, 24)]
    kinds = [(quantizer, metric, shape, {}) for quantizer in ("trellis", "scalar") for metric in metrics for shape in shapes]
    kinds += [("scalar", metric, shape, {"nibbles": True}) for metric in metrics for shape in [(21, 4), (120, 24)]]
    kinds += [("trellis", metric, shape, {"windows": "separable"}) for metric in metrics for shape in shapes[1:]]
    for number, (quantizer, metric, (dim, code_bytes), more) in enumerate(kinds, 1):
        usual = rows_of(number, 3, dim)
        edges = [usual[0] * 0, usual[0] * f32(2.0**-140), usual[1] * f32(2.0**60)]
        yield {
            "name": f"{'nibbles' if 'nibbles' in more else more.get('windows', quantizer)} {metric} {dim} dims",
            "metric": metric,
            "dim": dim,
            "bytes": code_bytes + (5 if metric == "l2" else 1),
            "quantizer": quantizer,
            **more,
            "state": number,
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
