"""The settings: `fields` has all of them, `sources` the places where their values come from."""

from streaming.settings.fields import GROUP_PREFIX, MIB, Settings
from streaming.settings.query_fields import MOST_CORES, MOST_EXECUTORS
from streaming.settings.sources import (
    DASHBOARD_VARIABLE,
    Origins,
    address_file,
    changed,
    embedded_address,
    load,
    load_with_origins,
    pairs,
    printable,
    without_login,
)

__all__ = [
    "DASHBOARD_VARIABLE",
    "GROUP_PREFIX",
    "MIB",
    "MOST_CORES",
    "MOST_EXECUTORS",
    "Origins",
    "Settings",
    "address_file",
    "changed",
    "embedded_address",
    "load",
    "load_with_origins",
    "pairs",
    "printable",
    "without_login",
]
