"""What a plugin's author writes: one class, derived from `Exporter`, `Discovery` or `Notifier`.

A call is stateless: the host makes an instance of the component for it and drops it afterwards. Attributes and globals do not
survive; what must last goes through `kv`, or in a discovery through the cursor.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .error import PluginError
from .targets import Refreshed

Config = dict[str, Any]
"""A configuration. The host has checked it against the schema and filled in its defaults."""

Status = Literal["firing", "resolved"]


@dataclass
class Target:
    """The target of a scrape, after relabeling."""

    address: str
    labels: dict[str, str] = field(default_factory=dict)
    params: list[tuple[str, str]] = field(default_factory=list)
    """Scrape parameters in order; a name may stand twice."""
    timeout_ms: int = 10_000

    def param(self, name: str) -> list[str]:
        """All values of a scrape parameter, in order."""
        return [value for own, value in self.params if own == name]


@dataclass
class Exposition:
    """What a scrape would have answered. `Metrics` makes it."""

    content_type: str
    body: bytes

    def text(self) -> str:
        """The body as text, for tests and logs."""
        return self.body.decode(errors="replace")


@dataclass
class Alert:
    """One alert of a group."""

    status: Status
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at_ms: int
    ends_at_ms: int | None
    """None while it fires."""
    generator_url: str
    value: float | None


@dataclass
class AlertGroup:
    """Alerts that are delivered together."""

    group_key: str
    receiver: str
    status: Status
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    alerts: list[Alert]
    truncated_alerts: int
    external_url: str
    attempt: int
    """1 at the first attempt to deliver this notification, then 2, 3, …"""
    idempotency_key: str
    """The same for all attempts: hand it on to receivers that can drop duplicates."""


@dataclass
class Receipt:
    """Proof of delivery."""

    remote_id: str | None = None
    """The receiver's name for the message, if it gave one."""
    note: str = ""
    """One line for people."""


class Plugin(ABC):
    """What all kinds of plugins have."""

    kind: ClassVar[str]
    """The world: `exporter`, `discovery` or `notifier`."""
    name: ClassVar[str]
    """The file's name without `.wasm`: lower case, digits, `-` and `_`."""
    version: ClassVar[str]
    """By semantic versioning."""
    description: ClassVar[str]
    """One line for people."""
    schema: ClassVar[Config | None] = None
    """The JSON Schema of the configuration. None: any configuration is accepted."""

    def validate(self, config: Config) -> list[str]:
        """Judges a configuration beyond its schema; the warnings. Raising rejects it."""
        return []


class Exporter(Plugin):
    """Answers scrapes."""

    kind = "exporter"

    @abstractmethod
    def collect(self, config: Config, target: Target) -> Exposition:
        """Collects once. Raising marks the target down; answer a part where a part is worth having."""


class Discovery(Plugin):
    """Finds targets."""

    kind = "discovery"

    @abstractmethod
    def refresh(self, config: Config, cursor: str | None, wait_ms: int) -> Refreshed:
        """Looks once. Without a cursor the answer is full and comes at once; with one it may wait `wait_ms` for a change.
        Raising keeps the last good targets."""


class Notifier(Plugin):
    """Delivers notifications."""

    kind = "notifier"

    @abstractmethod
    def notify(self, config: Config, group: AlertGroup) -> Receipt:
        """Delivers one group. Returning means that the receiver has it; what is raised `retryable` is tried again."""


def parse_config(text: str) -> Config:
    """The configuration of a call."""
    value = json.loads(text.strip() or "{}")
    if not isinstance(value, dict):
        raise PluginError.config("the configuration is not an object")
    return value
