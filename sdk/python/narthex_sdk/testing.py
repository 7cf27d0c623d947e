"""A host for tests: plugins run under any Python.

Like the real one it denies what was not granted: a file root, an address or a name that the test did not provide. It fills in
the defaults of the schema, and refuses answers that the host would refuse.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from .error import PluginError
from .fake_imports import FakeImports, LogLine, Responder
from .host import Answer, Request, Usage, set_host
from .plugin import Alert, AlertGroup, Config, Discovery, Exporter, Exposition, Notifier, Plugin, Receipt, Target
from .targets import Full, Refreshed

CURSOR_BYTES_MAX = 64 << 10
"""The host's bound."""


def answer(status: int = 200, body: str | bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer, for `FakeHost.http`."""
    pairs = [(name.lower(), value) for name, value in (headers or {}).items()]
    return Answer(status, pairs, body.encode() if isinstance(body, str) else body, truncated=False)


class FakeHost:
    """A host made of canned answers. Build it, call a plugin through it, then ask what the plugin did.

    The clock shows 2026-01-01T00:00:00Z and moves only when the plugin sleeps.
    """

    def __init__(self) -> None:
        self._imports = FakeImports()
        self.requests: list[Request] = self._imports.requests
        """The HTTP requests that were sent, in order."""
        self.options: list[tuple[str, str]] = self._imports.options
        """The options that probes, connections and exchanges were asked for with, in order."""
        self.sent: bytearray = self._imports.sent
        """The bytes that were written to TCP connections, in order."""
        self.logs: list[LogLine] = self._imports.logs
        """What was logged, in order."""
        self.kv: dict[str, bytes] = self._imports.kept
        """The plugin's store of keys."""

    def file(self, root: str, path: str, content: str | bytes) -> Self:
        """Grants a root and puts a file there."""
        raw = content.encode() if isinstance(content, str) else content
        self._imports.root(root).files[path] = raw
        return self

    def link(self, root: str, path: str, target: str) -> Self:
        """Grants a root and puts a symbolic link there."""
        self._imports.root(root).links[path] = target
        return self

    def usage(self, root: str, path: str, usage: Usage) -> Self:
        """Grants a root and says how full the file system at a path is."""
        self._imports.root(root).usages[path] = usage
        return self

    def http(self, url_prefix: str, respond: Responder | Answer | PluginError) -> Self:
        """Grants URLs with this prefix and answers them. The first prefix that fits is taken."""
        self._imports.responders.append((url_prefix, respond))
        return self

    def http_json(self, url_prefix: str, value: Any) -> Self:
        """Answers all requests to URLs with this prefix with JSON."""
        return self.http(url_prefix, answer(200, json.dumps(value), {"content-type": "application/json"}))

    def dns(self, name: str, kind: str, records: list[str] | PluginError) -> Self:
        """Grants a lookup and gives its records, as in a zone file; or has it fail."""
        self._imports.records[name, kind] = records
        return self

    def tcp(self, address: str, pieces: Iterable[bytes]) -> Self:
        """Grants a TCP address (`host:port`); a connection reads these pieces, one a read, and then the end."""
        self._imports.peers[address] = list(pieces)
        return self

    def certificates(self, chain: list[bytes]) -> Self:
        """Sets the certificates that every peer shows which is spoken TLS with, in DER."""
        self._imports.chain = chain
        return self

    def name_server(self, address: str, answer: Callable[[bytes], bytes]) -> Self:
        """Grants a nameserver (`host:port`) and answers messages to it."""
        self._imports.name_servers[address] = answer
        return self

    def modified(self, root: str, path: str, at_ns: int) -> Self:
        """Says when a file that is there was changed, in nanoseconds since the Unix epoch; without it at the epoch itself."""
        self._imports.root(root).changes[path] = at_ns
        return self

    def discipline(self, told: Mapping[str, int]) -> Self:
        """Says how the clock is kept in step, by the names of `adjtimex(2)`."""
        self._imports.told = {name: str(value) for name, value in told.items()}
        return self

    def now_ms(self, ms: int) -> Self:
        """Sets the clock."""
        self._imports.now = ms
        return self

    def deadline_ms(self, ms: int) -> Self:
        """Sets what is left of a call."""
        self._imports.left = ms
        return self

    @property
    def slept_ms(self) -> int:
        """How long the plugin slept."""
        return self._imports.slept

    @contextmanager
    def running(self) -> Iterator[None]:
        """Code within runs on this host."""
        former = set_host(self._imports)
        try:
            yield
        finally:
            set_host(former)

    def collect(self, plugin: Exporter, config: Config | None = None, target: Target | None = None) -> Exposition:
        """Calls an exporter as the host would, for a target without labels unless one is given."""
        with self.running():
            return plugin.collect(configured(plugin, config), target or Target("localhost"))

    def refresh(
        self, plugin: Discovery, config: Config | None = None, cursor: str | None = None, wait_ms: int = 0
    ) -> Refreshed:
        """Calls a discovery as the host would. An answer that the host would refuse is an error."""
        with self.running():
            found = plugin.refresh(configured(plugin, config), cursor, wait_ms)
        if cursor is None and not isinstance(found.change, Full):
            raise _refused("differences, where everything was asked for")
        if len((found.cursor or "").encode()) > CURSOR_BYTES_MAX:
            raise _refused("a cursor of more than 64 KiB")
        if found.more and found.cursor is None:
            raise _refused("more follows, and there is no cursor")
        return found

    def notify(self, plugin: Notifier, config: Config, group: AlertGroup) -> Receipt:
        """Calls a notifier as the host would."""
        with self.running():
            return plugin.notify(configured(plugin, config), group)

    def validate(self, plugin: Plugin, config: Config | None = None) -> list[str]:
        """Has a plugin judge a configuration, as the host would at load; the warnings."""
        with self.running():
            return plugin.validate(configured(plugin, config))


def alert_group(**changes: Any) -> AlertGroup:
    """A group of one alert, to be changed as a test needs it."""
    labels, annotations = {"alertname": "Down"}, {"summary": "db is down"}
    url = "http://narthex.example/graph?g0.expr=up"
    alert = Alert("firing", "0123456789abcdef", labels, annotations, 1_767_225_600_000, None, url, 0.0)
    facts: dict[str, Any] = {
        "group_key": '{}:{alertname="Down"}',
        "receiver": "team",
        "status": "firing",
        "group_labels": labels,
        "common_labels": labels,
        "common_annotations": annotations,
        "alerts": [alert],
        "truncated_alerts": 0,
        "external_url": "http://narthex.example",
        "attempt": 1,
        "idempotency_key": "1",
    }
    return AlertGroup(**(facts | changes))


def configured(plugin: Plugin, config: Config | None) -> Config:
    """A configuration as the host hands it over: absent properties have the defaults of the schema."""
    filled = copy.deepcopy(config or {})
    _fill(plugin.schema or {}, filled)
    return filled


def _fill(schema: Config, value: Any) -> None:
    if isinstance(value, list):
        for element in value:
            _fill(schema.get("items", {}), element)
    if isinstance(value, dict):
        for name, property in schema.get("properties", {}).items():
            if name not in value and "default" in property:
                value[name] = copy.deepcopy(property["default"])
            if name in value:
                _fill(property, value[name])


def _refused(why: str) -> PluginError:
    return PluginError.internal(f"the host refuses the answer: {why}")
