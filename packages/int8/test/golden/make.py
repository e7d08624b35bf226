"""Writes golden.json: codes and scores of every variant of int8 and binary, from the rules in docs/int8.md and
docs/binary.md and nothing else.

Python's standard library only, every step rounded to float32 by struct, and no code in common with the TypeScript and
Rust encoders, which must make the same bytes. Files of codes hold these bytes, so they never change.

    python3 make.py [FILE]      by default golden.json beside this script
"""

import json
import math
import pathlib
import struct
import sys


def f32(x: float) -> float:
    return struct.unpack("<f", struct.pack("<f", x))[0]


def floats_hex(row) -> str:
    return struct.pack(f"<{len(row)}f", *row).hex()


def striped(terms) -> float:
    partials = [0.0] * 16
    for j, term in enumerate(terms):
        partials[j % 16] = f32(partials[j % 16] + term)
    for half in (8, 4, 2, 1):
        for i in range(half):
            partials[i] = f32(partials[i] + partials[i + half])
    return partials[0]


def dot(a, b) -> float:
    return striped(f32(x * y) for x, y in zip(a, b))


def power_for(row) -> float:
    largest = max(abs(v) for v in row)
    return 0.0 if largest == 0 else 2.0 ** -max(math.frexp(largest)[1] - 1, -126)


# --- rotation ---


def split_mix(seed: int):
    mask = (1 << 64) - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        yield z ^ (z >> 31)


def rotate(row, seed: int):
    dim = len(row)
    p = 1 << (dim.bit_length() - 1)
    rounds = 2 if p == dim else 4
    numbers = split_mix(seed)
    x = list(row)
    for r in range(rounds):
        words = [next(numbers) for _ in range(-(-dim // 64))]
        x = [-v if words[j // 64] >> (j % 64) & 1 else v for j, v in enumerate(x)]
        first = 0 if r % 2 == 0 else dim - p
        window = x[first : first + p]
        h = 1
        while h < p:
            window = [
                f32(window[i] + window[i + h]) if i & h == 0 else f32(window[i - h] - window[i]) for i in range(p)
            ]
            h *= 2
        scale = f32(1 / math.sqrt(p))
        x[first : first + p] = [f32(v * scale) for v in window]
        if p < dim and r % 2 == 1:
            c = f32(math.sqrt(0.5))
            for i in range(dim // 2):
                k = i + dim - dim // 2
                a, b = x[i], x[k]
                x[i], x[k] = f32(f32(a + b) * c), f32(f32(a - b) * c)
    return x


# --- int8 ---

TINY = 2.0**-120


def int8_plain(row, unit: bool):
    largest = max(abs(v) for v in row)
    if largest < TINY:
        return [0] * len(row), [1.0]
    inv = f32(127 / largest)
    w = [f32(v * inv) for v in row]
    scale = f32(1 / f32(math.sqrt(dot(w, w)))) if unit else f32(largest / 127)
    return [round(v) for v in w], [scale]  # Python rounds half to even


def int8_grouped(row, unit: bool, group: int, least_squares: bool):
    zero = max(abs(v) for v in row) < TINY
    x = [v * power_for(row) for v in row] if unit and not zero else row
    norm = f32(math.sqrt(dot(x, x))) if unit else 1.0
    codes, scales = [], []
    for start in range(0, len(row), group):
        part = x[start : start + group]
        largest = max(abs(v) for v in part)
        if zero or largest < TINY:
            codes += [0] * len(part)
            scales.append(1.0)
            continue
        inv = f32(127 / largest)
        w = [f32(v * inv) for v in part]
        q = [round(v) for v in w]
        step = f32(largest / 127)
        if least_squares:
            step = f32(dot(w, q) / sum(c * c for c in q) * largest / 127)
        codes += q
        scales.append(f32(step / norm) if unit else step)
    return codes, scales


def int8_case(options, metric, rows, query):
    group, seed = options.get("group", 0), options.get("seed", 0)
    turn = (lambda row: rotate(row, seed)) if options.get("rotate") == "hadamard" else list
    least_squares, unit = options.get("scale") == "ls", metric == "cosine"
    size = group or len(query)
    encoded = []
    for row in rows:
        row = turn(row)
        plain = group == 0 and not least_squares
        encoded.append(int8_plain(row, unit) if plain else int8_grouped(row, unit, size, least_squares))
    p = turn(unit_row(query) if unit else query)
    scores, symmetric = [], []
    for codes, scales in encoded:
        values = [f32(c * scales[j // size]) for j, c in enumerate(codes)]
        if metric == "l2":
            scores.append(0 - striped(f32(t * t) for t in (f32(a - b) for a, b in zip(p, values))))
        elif group == 0:
            scores.append(f32(dot(p, codes) * scales[0]))
        else:
            scores.append(dot(p, values))
        total = 0.0
        for g, (s, t) in enumerate(zip(encoded[0][1], scales)):
            a = encoded[0][0][g * size : (g + 1) * size]
            b = codes[g * size : (g + 1) * size]
            product = s * t * sum(x * y for x, y in zip(a, b))
            if metric == "l2":
                total += s * s * sum(x * x for x in a) + t * t * sum(y * y for y in b) - 2 * product
            else:
                total += product
        symmetric.append(f32(0 - max(0.0, total) if metric == "l2" else total))
    stored = [struct.pack(f"<{len(c)}b{len(s)}f", *c, *s).hex() for c, s in encoded]
    return stored, scores, symmetric


# --- binary ---


def unit_row(row):
    total = 0.0
    for v in row:
        total += v * v
    norm = math.sqrt(total)
    return [f32(v / norm) for v in row] if norm > 0 else list(row)


def binary_scale(row, metric):
    power = power_for(row)
    if power == 0:
        return 0.0
    x = [v * power for v in row]
    total, squares = striped(abs(v) for v in x), dot(x, x)
    if metric == "cosine":
        return f32(f32(math.sqrt(squares)) / total)
    return f32(f32(squares / total if metric == "dot" else total / len(row)) / power)


def binary_case(options, metric, rows, query, mean):
    dim, seed = len(query), options.get("seed", 0)
    turn = (lambda row: rotate(row, seed)) if options.get("rotate") == "hadamard" else list
    unit = metric == "cosine"
    encoded = []
    for row in rows:
        zero = not any(row)
        if mean:
            row = [f32(v - m) for v, m in zip(unit_row(row) if unit else row, mean)]
        row = turn(row)
        scale = 0.0 if zero else binary_scale(row, "dot" if mean and unit else metric)
        encoded.append(([0 if zero else int(v >= 0) for v in row], scale))
    p = unit_row(query) if unit else query
    offset = dot(p, mean) if mean and metric != "l2" else 0.0
    zero_score = 0 - dot(p, p) if metric == "l2" else 0.0
    p = turn([f32(v - m) for v, m in zip(p, mean)] if mean and metric == "l2" else p)
    scores, symmetric = [], []
    for bits, s in encoded:
        product = f32(s * dot(p, [2 * b - 1 for b in bits]))
        if s == 0:
            scores.append(zero_score)
        elif metric == "l2":
            squares = f32(dot(p, p) + f32(f32(s * s) * dim))
            scores.append(0 - max(0.0, f32(squares - f32(2 * product))))
        else:
            scores.append(f32(offset + product))
        same = dim - 2 * sum(a != b for a, b in zip(encoded[0][0], bits))
        t = encoded[0][1]
        if metric == "l2":
            symmetric.append(f32(0 - max(0.0, t * t * dim + s * s * dim - 2 * (t * s * same))))
        else:
            symmetric.append(f32(t * s * same))
    stored = [
        (sum(b << j for j, b in enumerate(bits)).to_bytes(-(-dim // 8), "little") + struct.pack("<f", s)).hex()
        for bits, s in encoded
    ]
    return stored, scores, None if mean else symmetric


# --- cases ---


def sample(dim: int):
    rows = [[f32(((j * 37 + i * 11) % 19 - 9) / (7 + i)) for j in range(dim)] for i in range(3)]
    rows.append([0.0] * dim)
    rows.append([f32(3e-7 * ((j * 7) % 5 - 2)) if j < 9 else 0.0 for j in range(dim)])
    rows.append([f32(-1000.5)] + [0.5, 1.5] * (dim // 2) + [0.25] * (dim % 2))
    return [row[:dim] for row in rows]


def main(path: pathlib.Path) -> None:
    int8 = [{}, {"rotate": "hadamard", "seed": 42}, {"scale": "ls"}, {"group": 8}, {"group": 12, "scale": "ls"}]
    int8.append({"group": 16, "scale": "ls", "rotate": "hadamard", "seed": 2**53 - 1})
    binary = [{}, {"rotate": "hadamard", "seed": 42}, {"centre": True}, {"centre": True, "rotate": "hadamard", "seed": 7}]
    cases, rotations, samples = [], [], {}
    for dim in (13, 32, 37):
        rows = sample(dim)
        query = [f32(((j * 11) % 23 - 11) / 9) for j in range(dim)]
        samples[dim] = {"rows": floats_hex(sum(rows, [])), "query": floats_hex(query)}
        rotations.append({"dim": dim, "seed": 42, "row": floats_hex(query), "rotated": floats_hex(rotate(query, 42))})
        for metric in ("cosine", "dot", "l2"):
            for family, sets in (("int8", int8), ("binary", binary)):
                for options in sets:
                    if options.get("group", 0) > dim:
                        continue
                    mean = None
                    if family == "binary":
                        if options.get("centre"):
                            seen = [unit_row(row) for row in rows] if metric == "cosine" else rows
                            mean = [f32(sum(column) / len(rows)) for column in zip(*seen)]
                        codes, scores, symmetric = binary_case(options, metric, rows, query, mean)
                    else:
                        codes, scores, symmetric = int8_case(options, metric, rows, query)
                    case = {"family": family, "dim": dim, "metric": metric, "options": options}
                    case |= {"codes": "".join(codes), "scores": floats_hex(scores)}
                    if symmetric:
                        case["symmetric"] = floats_hex(symmetric)
                    if mean:
                        case["mean"] = floats_hex(mean)
                    cases.append(case)
    text = json.dumps({"samples": samples, "rotations": rotations, "cases": cases}, indent=1)
    path.write_text(text + "\n", newline="\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("golden.json"))
