"""What discoveries make of what they find: addresses, labels, groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .error import PluginError


@dataclass
class TargetGroup:
    """Targets that share labels. A later group with the same source replaces this one."""

    source: str
    targets: list[str]
    """`host:port` each."""
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Full:
    """All groups: what is not among them is gone."""

    groups: list[TargetGroup]


@dataclass
class Delta:
    """Groups that are new or changed, and the sources of those that are gone."""

    upsert: list[TargetGroup]
    remove: list[str]


@dataclass
class Unchanged:
    """Nothing changed since the cursor."""


@dataclass
class Refreshed:
    """The answer of a refresh."""

    change: Full | Delta | Unchanged
    cursor: str | None = None
    """Handed back at the next refresh; at most 64 KiB."""
    next_in_ms: int | None = None
    """When to ask next; 0 for at once, None for the host's choice."""
    more: bool = False
    """More is to be told than this answer holds: the host asks again at once, with the cursor."""
    failing: PluginError | None = None
    """Why a part of the source could not be asked; its groups stay as they were."""


def labels(pairs: Mapping[str, object]) -> dict[str, str]:
    """Names and values as labels, sorted by name. Empty values and absent ones are no labels; a truth value is `true` or
    `false`."""
    text = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in pairs.items() if value is not None}
    return {name: text[name] for name in sorted(text) if text[name] != ""}


def sanitize(text: str) -> str:
    """Text as a part of a label's name: every character but ASCII letters, digits and `_` becomes `_`."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def host_port(host: str, port: int | str) -> str:
    """`host:port`, with brackets around a host that holds a colon."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
