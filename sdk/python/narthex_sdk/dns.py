"""DNS by the host's resolver."""

from __future__ import annotations

from dataclasses import dataclass

from .error import PluginError
from .host import Record, host

__all__ = ["Record", "Srv", "addresses", "lookup", "srv"]


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
