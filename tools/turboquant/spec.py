"""The TurboQuant vector spec in numpy, written apart from packages/turboquant: the same bytes, by docs/turboquant.md.

    spec.py encode < cases.jsonl     for each case adds the record and the decoded vector
    spec.py golden                   prints the golden cases, which are kept in packages/turboquant/test/golden

A case is a line of JSON: dim, bits, blockSize, useQjl, polarSeed, qjlSeed (decimal strings), encoder, and vector, the
little-endian float32 bytes in hex. The answer has the same with record and decoded in hex. Vectors of the golden
cases come from SplitMix64 by exact operations, so that they don't depend on a library of mathematics.
"""

import json
import struct
import sys

import numpy as np

f32 = np.float32
MAX = np.finfo(f32).max


def splitmix64(seed, count):
    """`count` numbers of 64 bits from 64 bits of seed."""
    m = (1 << 64) - 1
    out = []
    for i in range(1, count + 1):
        z = (seed + i * 0x9E3779B97F4A7C15) & m
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & m
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & m
        out.append(z ^ (z >> 31))
    return out


def signs(n, seed):
    """3 x n of +-1: the stream of bits, the lowest of each number first, 1 for minus."""
    words = np.array(splitmix64(seed, -(-3 * n // 64)), dtype="<u8")
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")[: 3 * n]
    return np.where(bits == 1, f32(-1), f32(1)).reshape(3, n)


def hadamard(y):
    h = 1
    while h < len(y):
        pairs = y.reshape(-1, 2, h)
        y = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        h *= 2
    return y * f32(1 / np.sqrt(np.float64(len(y))))


def rotate(y, seed):
    for s in signs(len(y), seed):
        y = hadamard(y * s)
    return y


def unrotate(y, seed):
    for s in signs(len(y), seed)[::-1]:
        y = hadamard(y) * s
    return y


def times_power(x, e):
    """x * 2^e, rounded to float32 once."""
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(np.asarray(x, np.float64), e).astype(f32)


def floor_log2(x):
    return int(np.frexp(np.float64(x))[1]) - 1


def levels(u, top):
    t = (u + f32(1)) * f32(0.5)
    return np.floor(t * f32(top) + f32(0.5)).astype(np.int64)


def absmax(y, top):
    m = np.abs(y).max()
    return (levels(y / m, top), np.float64(m)) if m > 0 else (np.zeros(len(y), np.int64), 0.0)


def least_squares(y, top):
    m = np.abs(y).max()
    if m == 0:
        return np.zeros(len(y), np.int64), 0.0
    u = y / m
    w = [int(x) for x in np.floor(u.astype(np.float64) * 2**24 + 0.5)]
    best = None
    for divisor in {1: [40], 3: range(14, 41, 2), 7: range(14, 41, 2)}.get(top, range(27, 41)):
        q = levels(np.clip(u * f32(40 / divisor), f32(-1), f32(1)), top)
        c = [2 * int(x) - top for x in q]
        yc = sum(a * b for a, b in zip(w, c))
        cc = sum(b * b for b in c)
        gain = float(yc) * float(yc) / float(cc)
        if best is None or gain > best[0]:
            best = (gain, q, float(yc) * top / (float(cc) * 2**24))
    return best[1], np.float64(m) * best[2]


def grid(q, top):
    return (q.astype(f32) / f32(top)) * f32(2) - f32(1)


def pack(values, bits):
    stream = (np.asarray(values)[:, None] >> np.arange(bits)) & 1
    return np.packbits(stream.astype(np.uint8).reshape(-1), bitorder="little").tobytes()


def unpack(data, bits, count):
    stream = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: count * bits].reshape(count, bits)
    return (stream.astype(np.int64) << np.arange(bits)).sum(1)


def padded_length(dim):
    return 1 << (dim - 1).bit_length()


def encode(v, case):
    dim, bits, block = case["dim"], case["bits"], case["blockSize"]
    n, top = padded_length(dim), 2**bits - 1
    biggest = np.abs(v).max()
    e = floor_log2(biggest) if biggest > 0 else 0
    y = np.zeros(n, f32)
    y[:dim] = times_power(v, -e)
    y = rotate(y, int(case["polarSeed"]))
    quantize = {"absmax": absmax, "ls": least_squares}[case["encoder"]]
    q, magnitudes, residual = [], [], y.copy()
    for start in range(0, n, block):
        part = slice(start, start + block)
        code, m = quantize(y[part], top)
        stored = times_power(m, e)
        if stored == 0:
            code = np.zeros(len(code), np.int64)
        residual[part] -= grid(code, top) * times_power(stored, -e)
        q.append(code)
        magnitudes.append(stored)
    angles = pack(np.concatenate(q), bits)
    scalars = np.array(magnitudes, "<f4").tobytes()
    sketch = b""
    if case["useQjl"]:
        sketch = pack((rotate(residual, int(case["qjlSeed"])) >= 0).astype(np.int64), 1)
    return struct.pack("<III", len(angles), len(scalars), len(sketch)) + angles + scalars + sketch


def decode(record, case):
    dim, bits, block = case["dim"], case["bits"], case["blockSize"]
    n = padded_length(dim)
    angles, scalars, _ = struct.unpack_from("<III", record)
    magnitudes = np.frombuffer(record, "<f4", scalars // 4, 12 + angles)
    if magnitudes.max() == 0:
        return np.zeros(dim, f32)
    e = floor_log2(magnitudes.max())
    y = grid(unpack(record[12 : 12 + angles], bits, n), 2**bits - 1)
    y = y * np.repeat(times_power(magnitudes, -e), block)[:n]
    x = np.ldexp(unrotate(y, int(case["polarSeed"]))[:dim].astype(np.float64), e)
    return np.clip(x, -np.float64(MAX), np.float64(MAX)).astype(f32)


def answer(case):
    v = np.frombuffer(bytes.fromhex(case["vector"]), "<f4")
    record = encode(v, case)
    return {**case, "record": record.hex(), "decoded": decode(record, case).astype("<f4").tobytes().hex()}


def sample(dim, seed):
    """Sums of four uniform numbers, exact in float32: bell-shaped enough."""
    words = splitmix64(seed, dim)
    return np.array([(sum((w >> s) & 0xFFFF for s in (0, 16, 32, 48)) - 131070) / 2**16 for w in words], f32)


def golden_cases():
    def case(name, dim, v=None, **changes):
        config = {"bits": 4, "blockSize": 32, "useQjl": False, "polarSeed": "42", "qjlSeed": "7919", "encoder": "ls"}
        v = sample(dim, 1000 + dim) if v is None else np.asarray(v, f32)
        return {"name": name, "dim": dim, **config, **changes, "vector": v.astype("<f4").tobytes().hex()}

    for encoder in ("absmax", "ls"):
        yield case(f"defaults {encoder}", 256, encoder=encoder)
        for bits in range(1, 9):
            yield case(f"{bits} bits {encoder}", 100, bits=bits, encoder=encoder)
        for dim in (1, 2, 3, 31, 65):
            yield case(f"dim {dim} {encoder}", dim, encoder=encoder)
        for block in (1, 7, 64, 65535):
            yield case(f"blocks of {block} {encoder}", 48, blockSize=block, bits=3, encoder=encoder)
        yield case(f"QJL {encoder}", 60, useQjl=True, encoder=encoder)
        yield case(f"QJL 1 bit {encoder}", 5, useQjl=True, bits=1, encoder=encoder)
        yield case(f"zero {encoder}", 33, np.zeros(33), encoder=encoder)
        yield case(f"zero QJL {encoder}", 3, np.zeros(3), useQjl=True, encoder=encoder)
        yield case(f"one-hot {encoder}", 40, np.eye(40)[7] * -3, encoder=encoder)
        yield case(f"constant {encoder}", 64, np.full(64, 0.5), encoder=encoder)
        for e in (-149, -140, -126, 120):
            yield case(f"times 2^{e} {encoder}", 40, np.ldexp(sample(40, 5).astype(np.float64), e), encoder=encoder)
    yield case("seeds of 64 bits", 70, polarSeed=str(2**64 - 1), qjlSeed=str(2**63 + 1), useQjl=True)
    yield case("other seeds", 70, polarSeed="0", qjlSeed="1", useQjl=True)


if __name__ == "__main__":
    given = golden_cases() if sys.argv[1:] == ["golden"] else map(json.loads, sys.stdin)
    for one in given:
        print(json.dumps(answer(one)))
