"""DNS by the host's resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .error import PluginError
from .host import Exchanged, Record, host

__all__ = ["Exchanged", "Record", "Srv", "addresses", "exchange", "lookup", "srv"]


@dataclass
class Srv:
    """A record of type SRV."""

    priority: int
    weight: int
    port: int
    target: str
    """An absolute name that ends in a dot."""


def lookup(name: str, kind: str, timeout_ms: int = 5_000) -> list[Record]:
    """Records as they are written in a zone file. A name that does not exist is an empty list."""
    return host().lookup(name, kind, timeout_ms)


def exchange(
    server: str, port: int, query: bytes, options: Mapping[str, str] | None = None, timeout_ms: int = 5_000
) -> Exchanged:
    """Asks one server over UDP, once, with a message of RFC 1035 that has one question: to watch a nameserver. Of the options
    there is `ip`, as for `http.probe`."""
    return host().exchange(server, port, query, options or {}, timeout_ms)


def addresses(name: str, kind: str = "A", timeout_ms: int = 5_000) -> list[str]:
    """Addresses, of type A unless AAAA is asked for."""
    return [record.data for record in lookup(name, kind, timeout_ms)]


def srv(name: str, timeout_ms: int = 5_000) -> list[Srv]:
    """Services."""
    found = []
    for record in lookup(name, "SRV", timeout_ms):
        try:
            priority, weight, port, target = record.data.split()
            found.append(Srv(int(priority), int(weight), int(port), target))
        except ValueError:
            raise PluginError.protocol(f"SRV record of {name} cannot be read: {record.data}") from None
    return found
