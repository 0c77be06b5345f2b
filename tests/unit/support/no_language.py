"""What is no language, by kind, as documents hold it: made from bytes of a seed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import textwrap
from collections.abc import Callable


def _hexdump(data: bytes) -> str:
    rows = [data[start : start + 16] for start in range(0, len(data), 16)]
    return "\n".join(
        f"{16 * i:08x}  {row.hex(' ')}  |{''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}|"
        for i, row in enumerate(rows)
    )


def _uuencode(data: bytes) -> str:
    lines = "".join(binascii.b2a_uu(data[start : start + 45]).decode() for start in range(0, len(data), 45))
    return f"begin 644 plan.png\n{lines}`\nend"


def _pem(data: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"


def _numbers(data: bytes) -> list[str]:
    return [f"{a * 100 / (b + 1):.2f}" for a, b in zip(data[::2], data[1::2], strict=False)]


def _rows(data: bytes, separator: str) -> str:
    numbers = _numbers(data)
    return "\n".join(separator.join(numbers[start : start + 5]) for start in range(0, len(numbers), 5))


def _log(data: bytes) -> str:
    return "\n".join(
        f"2026-01-31 08:{i:02d}:{b % 60:02d},{b:03d} INFO  [worker-{b}] Server - started partition {b} of topic {i}"
        for i, b in enumerate(data[:60])
    )


def _script(data: bytes) -> str:
    return "".join(f"function f{b}(e,t){{return e.x{b}>0&&t(e.y[{b}]||null)}}var a{b}=f{b}(window,{{}});" for b in data)


def _program(data: bytes) -> str:
    return "\n".join(
        f"def step_{i}(x: int) -> int:\n    # the next one\n    y = table[{b}]\n    return x + y * {b}\n"
        for i, b in enumerate(data[:60])
    )


def _drawing(data: bytes) -> str:
    points = " ".join(f"{a},{b}" for a, b in zip(_numbers(data), _numbers(data)[1:], strict=False))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M{points} z"/></svg>'


# Each makes several hundred characters of no language from 300 bytes.
MAKERS: dict[str, Callable[[bytes], str]] = {
    "a data URI in Markdown": lambda data: f"![](data:image/png;base64,{base64.b64encode(data).decode()})",
    "a data URI in a tag": lambda data: f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode()}">',
    "a data URI in a note": lambda data: f"[image1]: <data:image/png;base64,{base64.b64encode(data).decode()}>",
    "base64 in one line": lambda data: base64.b64encode(data).decode(),
    "base64 of an e-mail": lambda data: base64.encodebytes(data).decode().rstrip(),
    "base64 for URLs": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base32": lambda data: base64.b32encode(data).decode(),
    "a certificate": _pem,
    "uuencode": _uuencode,
    "Ascii85": lambda data: base64.a85encode(data).decode(),
    "hexadecimal digits": lambda data: data.hex(),
    "a hex dump": _hexdump,
    "octets": lambda data: "\n".join(textwrap.wrap(data.hex(":"), 48)),
    "hashes": lambda data: "\n".join(f"{hashlib.sha256(bytes([b])).hexdigest()}  file{b}.txt" for b in data[:9]),
    "minified code": _script,
    "minified style": lambda data: "".join(f".c{b}>li{{margin:{b}px 0 auto;color:#{b:02x}f}}" for b in data),
    "minified JSON": lambda data: json.dumps([{"n": b, "v": b / 7, "ok": True} for b in data], separators=(",", ":")),
    "a program": _program,
    "JSON in lines": lambda data: json.dumps([{"n": b, "v": b / 7, "ok": True} for b in data[:80]], indent=2),
    "a log": _log,
    "a table with tabs": lambda data: _rows(data, "\t"),
    "a table with commas": lambda data: _rows(data, ","),
    "a table with bars": lambda data: "\n".join(f"| {row} |" for row in _rows(data, " | ").splitlines()),
    "a run without spaces": lambda data: "".join("abcdefghijklmnop"[b % 16] for b in data),
    "an SVG drawing": _drawing,
}


def random_bytes(seed: int) -> bytes:
    """Return 300 bytes, the same for the same seed."""
    return random.Random(seed).randbytes(300)
