"""The settings: every one of them in `fields`, where their values come from in `sources`."""

from streaming.settings.fields import MIB, Settings
from streaming.settings.sources import (
    Origins,
    address_file,
    embedded_address,
    load,
    load_with_origins,
    pairs,
    printable,
    without_login,
)

__all__ = [
    "MIB",
    "Origins",
    "Settings",
    "address_file",
    "embedded_address",
    "load",
    "load_with_origins",
    "pairs",
    "printable",
    "without_login",
]
