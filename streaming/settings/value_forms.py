"""The forms of values that another program reads: the addresses of Kafka, the memory of Java."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]):(?P<port>\d{1,5})", re.ASCII)
_MEMORY = re.compile(r"(\d+)([kmgt])", re.IGNORECASE | re.ASCII)
# In MiB. Spark refuses less than 450; Java reserves no more on today's processors.
_LEAST_MEMORY, _MOST_MEMORY = 512, 64 * 1024 * 1024


def check_addresses(value: str) -> str:
    """Return host:port[,host:port] without blanks; raises `ValueError` for anything else."""
    servers = [server.strip() for server in value.split(",")]
    for server in servers:
        address = _ADDRESS.fullmatch(server)
        if address is None or not 0 < int(address["port"]) < 2**16:
            # Text in the wrong form may hold a login.
            shown = "one of them" if "@" in server else f"'{server}'"
            raise ValueError(f"{shown} is no address of Kafka, which is host:port[,host:port]")
    return ",".join(servers)


def check_java_memory(value: str) -> str:
    """Return a size that Java takes as -Xmx, and Spark as enough; raises `ValueError` for anything else."""
    size = _MEMORY.fullmatch(value)
    mib = int(size[1]) * 1024 ** "kmgt".index(size[2].lower()) // 1024 if size else 0
    if not _LEAST_MEMORY <= mib <= _MOST_MEMORY:
        raise ValueError(f"'{value}' is no memory of Java: it takes a number and k, m, g or t, from 512m to 64t")
    return value
