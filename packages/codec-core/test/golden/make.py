"""Writes the golden Pith files of format version 1, from docs/format.md and nothing else.

Python's standard library only, and no code in common with the TypeScript writer, which must make the same bytes. The
files are kept for ever: a reader of any later version reads them.

    python3 make.py [FOLDER]      writes the files and SHA256SUMS, by default beside this script
"""

import hashlib
import json
import pathlib
import struct
import sys

ALIGN = 64


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283, "the check value of CRC-32C"


def canonical(value) -> str:
    # RFC 8785 for what stands in these files: ASCII names, integers, no characters that JSON escapes in two ways.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def pith_file(metadata: dict, tensors: list) -> bytes:
    """`tensors`: (name, dtype, shape, bytes), in the order that format.md gives."""
    data = b""
    entries = []
    for name, dtype, shape, raw in tensors:
        gap = -len(data) % ALIGN
        if gap:
            pads = sum(1 for entry in entries if entry[0].startswith("_pad."))
            entries.append((f"_pad.{pads}", "U8", [gap], len(data), len(data) + gap))
            data += bytes(gap)
        entries.append((name, dtype, shape, len(data), len(data) + len(raw)))
        data += raw

    def header(own_crc: str) -> bytes:
        crcs = {name: f"{crc32c(data[begin:end]):08x}" for name, _, _, begin, end in entries}
        full = {**metadata, "pith": "1", "crc32c": canonical(crcs), "header_crc32c": own_crc}
        top = {"__metadata__": dict(sorted(full.items()))}
        for name, dtype, shape, begin, end in entries:
            top[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
        text = json.dumps(top, separators=(",", ":"), ensure_ascii=False).encode()
        return text + b" " * (-(8 + len(text)) % ALIGN)

    digits = f"{crc32c(header('00000000')):08x}"
    head = header(digits)
    return struct.pack("<Q", len(head)) + head + data


def number(i: int) -> float:
    """Small multiples of 1/4 of both signs: exact as float16."""
    return ((i * 7) % 23 - 11) / 4


def floats(letter: str, count: int, first: int = 0) -> bytes:
    return struct.pack(f"<{count}{letter}", *(number(first + i) for i in range(count)))


def octets(count: int, first: int = 0) -> bytes:
    return bytes((first + 37 * i) % 256 for i in range(count))


def string_ids(ids: list) -> list:
    utf8 = [text.encode() for text in ids]
    ends = [0]
    for raw in utf8:
        ends.append(ends[-1] + len(raw))
    return [
        ("ids.offsets", "I64", [len(ends)], struct.pack(f"<{len(ends)}q", *ends)),
        ("ids.utf8", "U8", [ends[-1]], b"".join(utf8)),
    ]


def integer_ids(ids: list) -> list:
    return [("ids", "I64", [len(ids)], struct.pack(f"<{len(ids)}q", *ids))]


def golden() -> dict:
    rows = {"dim": "5", "count": "3", "producer": "golden"}
    vectors = {**rows, "kind": "vectors"}
    f32 = ("vectors", "F32", [3, 5], floats("f", 15))
    f16 = ("vectors", "F16", [3, 5], floats("e", 15))
    codes = {
        **rows,
        "kind": "codes",
        "metric": "cosine",
        "codec": "int8",
        "codec_version": "1",
        "params": canonical({"group": 5, "mode": "vector", "signed": True}),
    }
    state = [
        ("state.mean", "F32", [5], floats("f", 5, 100)),
        ("state.scalar", "F64", [3], floats("d", 3, 200)),
    ]
    names = ["plain", "", "naïve café", "日本語", "🦀\ufeff\u0000"]
    return {
        "vectors-f32": pith_file(vectors, [f32]),
        "vectors-f16-strings": pith_file(
            {**vectors, "metric": "l2", "id_type": "string", "count": "5"},
            [*string_ids(names), ("vectors", "F16", [5, 5], floats("e", 25))],
        ),
        "vectors-f32-numbers": pith_file(
            {**vectors, "metric": "dot", "id_type": "number"}, [*integer_ids([2**53 - 1, 0, -(2**53) + 1]), f32]
        ),
        "vectors-f32-bigints": pith_file(
            {**vectors, "id_type": "bigint"}, [*integer_ids([2**63 - 1, 0, -(2**63)]), f32]
        ),
        "codes-int8": pith_file(codes, [*state, ("codes", "U8", [3, 9], octets(27))]),
        "codes-everything": pith_file(
            {
                **codes,
                "id_type": "string",
                "rescore.codec": "other.codec",
                "rescore.codec_version": "12",
                "rescore.params": "{}",
            },
            [
                *state,
                ("rescore.state.basis", "F16", [2, 5], floats("e", 10, 300)),
                *string_ids(["a", "b", "c"]),
                f16,
                ("codes", "U8", [3, 9], octets(27)),
                ("codes.1", "U8", [3, 2], octets(6, 50)),
                ("codes.2", "U8", [3, 64], octets(192, 60)),
                ("rescore.codes", "U8", [3, 4], octets(12, 70)),
            ],
        ),
        "index-empty": pith_file(
            {**codes, "kind": "index", "count": "0", "id_type": "number"},
            [*integer_ids([]), ("codes", "U8", [0, 9], b"")],
        ),
    }


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    sums = []
    for name, raw in sorted(golden().items()):
        file = f"{name}.pith.safetensors"
        (folder / file).write_bytes(raw)
        sums.append(f"{hashlib.sha256(raw).hexdigest()}  {file}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))


main()
