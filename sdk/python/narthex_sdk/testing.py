"""A host for tests: plugins run under any Python.

Like the real one it denies what was not granted: a file root, an address or a name that the test did not provide. It fills in
the defaults of the schema, and refuses answers that the host would refuse.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from .error import PluginError
from .host import Answer, Connection, Entry, Level, Record, Request, Usage, set_host
from .plugin import Alert, AlertGroup, Config, Discovery, Exporter, Exposition, Notifier, Plugin, Receipt, Target
from .targets import Full, Refreshed

CURSOR_BYTES_MAX = 64 << 10
"""The host's bound."""

Responder = Callable[[Request], Answer]


def answer(status: int = 200, body: str | bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer, for `FakeHost.http`."""
    pairs = [(name.lower(), value) for name, value in (headers or {}).items()]
    return Answer(status, pairs, body.encode() if isinstance(body, str) else body, truncated=False)


@dataclass
class LogLine:
    """A message that the plugin logged."""

    level: Level
    message: str
    fields: dict[str, str]


class FakeHost:
    """A host made of canned answers. Build it, call a plugin through it, then ask what the plugin did.

    The clock shows 2026-01-01T00:00:00Z and moves only when the plugin sleeps.
    """

    def __init__(self) -> None:
        self._imports = _Imports()
        self.requests: list[Request] = self._imports.requests
        """The HTTP requests that were sent, in order."""
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
        """Sets the certificates that every peer shows, in DER."""
        self._imports.chain = chain
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
            if name in value:
                _fill(property, value[name])
            elif "default" in property:
                value[name] = copy.deepcopy(property["default"])


def _refused(why: str) -> PluginError:
    return PluginError.internal(f"the host refuses the answer: {why}")


class _Root:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.usages: dict[str, Usage] = {}


class _Imports:
    """The imports of a FakeHost."""

    def __init__(self) -> None:
        self.roots: dict[str, _Root] = {}
        self.responders: list[tuple[str, Responder | Answer | PluginError]] = []
        self.records: dict[tuple[str, str], list[str] | PluginError] = {}
        self.peers: dict[str, list[bytes]] = {}
        self.chain: list[bytes] = []
        self.kept: dict[str, bytes] = {}
        self.expiries: dict[str, int] = {}
        self.requests: list[Request] = []
        self.sent = bytearray()
        self.logs: list[LogLine] = []
        self.now = 1_767_225_600_000
        self.left = 10_000
        self.slept = 0

    def root(self, name: str) -> _Root:
        return self.roots.setdefault(name, _Root())

    def fetch(self, request: Request) -> Answer:
        self.requests.append(request)
        respond = next((found for prefix, found in self.responders if request.url.startswith(prefix)), None)
        if respond is None:
            raise PluginError.denied(f"net: {request.url} is not granted by this test")
        if isinstance(respond, PluginError):
            raise respond
        got = respond if isinstance(respond, Answer) else respond(request)
        body = got.body[: request.body_bytes_max]
        return Answer(got.status, got.headers, body, truncated=len(body) < len(got.body))

    def fetch_many(self, requests: list[Request], in_flight_max: int) -> list[Answer | PluginError]:
        found: list[Answer | PluginError] = []
        for request in requests:
            try:
                found.append(self.fetch(request))
            except PluginError as error:
                found.append(error)
        return found

    def fetch_first(self, requests: list[Request]) -> list[Answer | PluginError | None]:
        return [*self.fetch_many(requests, len(requests))]

    def connect(self, name: str, port: int, tls: str | None, timeout_ms: int) -> Connection:
        if f"{name}:{port}" not in self.peers:
            raise PluginError.denied(f"net: {name}:{port} is not granted by this test")
        address = f"{name}:{port}"
        return _Connection(address, list(self.peers[address]), self.sent, self.chain)

    def lookup(self, name: str, kind: str, timeout_ms: int) -> list[Record]:
        found = self.records.get((name, kind))
        if found is None:
            raise PluginError.denied(f"dns: {kind} {name} is not granted by this test")
        if isinstance(found, PluginError):
            raise found
        return [Record(data, 60) for data in found]

    def granted(self, root: str) -> _Root:
        if root not in self.roots:
            raise PluginError.denied(f"files: the root {root} is not granted by this test")
        return self.roots[root]

    def read_file(self, root: str, path: str, bytes_max: int) -> bytes:
        content = _present(self.granted(root).files, root, path)
        if len(content) > bytes_max:
            raise PluginError.exhausted(f"{root}/{path} has more than {bytes_max} bytes")
        return content

    def list_dir(self, root: str, path: str, limit: int) -> list[Entry]:
        granted = self.granted(root)
        prefix = f"{path}/" if path else ""
        found: dict[str, Entry] = {}
        for name in [*granted.files, *granted.links]:
            if name.startswith(prefix):
                entry, _, below = name.removeprefix(prefix).partition("/")
                kind = "directory" if below else "symlink" if name in granted.links else "file"
                found[entry] = Entry(entry, kind)
        if not found:
            raise _missing(root, path)
        return [found[name] for name in sorted(found)]

    def read_link(self, root: str, path: str) -> str:
        return _present(self.granted(root).links, root, path)

    def usage(self, root: str, path: str) -> Usage:
        return _present(self.granted(root).usages, root, path)

    def kv_get(self, key: str) -> bytes | None:
        if self.expiries.get(key, self.now + 1) <= self.now:
            self.kv_delete(key)
        return self.kept.get(key)

    def kv_set(self, key: str, value: bytes, ttl_ms: int | None) -> None:
        self.kept[key] = value
        self.expiries.pop(key, None)
        if ttl_ms is not None:
            self.expiries[key] = self.now + ttl_ms

    def kv_delete(self, key: str) -> None:
        self.kept.pop(key, None)
        self.expiries.pop(key, None)

    def kv_keys(self, prefix: str, limit: int) -> list[str]:
        return [key for key in sorted(self.kept) if key.startswith(prefix) and self.kv_get(key) is not None][:limit]

    def kv_compare_and_set(self, key: str, old: bytes | None, value: bytes | None) -> bool:
        if self.kv_get(key) != old:
            return False
        if value is None:
            self.kv_delete(key)
        else:
            self.kv_set(key, value, None)
        return True

    def log_enabled(self, level: Level) -> bool:
        return True

    def log(self, level: Level, message: str, fields: dict[str, str]) -> None:
        self.logs.append(LogLine(level, message, fields))

    def wall_ms(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now * 1_000_000

    def deadline_ms(self) -> int:
        return self.left

    def sleep_ms(self, ms: int) -> None:
        slept = min(ms, self.left)
        self.left -= slept
        self.now += slept
        self.slept += slept


class _Connection:
    def __init__(self, address: str, pieces: list[bytes], sent: bytearray, chain: list[bytes]) -> None:
        self._address = address
        self._pieces = pieces
        self._sent = sent
        self._chain = chain

    def write_all(self, data: bytes, timeout_ms: int) -> None:
        self._sent += data

    def read(self, bytes_max: int, timeout_ms: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def start_tls(self, tls: str, server_name: str | None, timeout_ms: int) -> None:
        pass

    def facts(self) -> dict[str, str]:
        return {"address": self._address}

    def certificates(self) -> list[bytes]:
        return self._chain

    def close(self) -> None:
        self._pieces.clear()


def _present(found: Mapping[str, Any], root: str, path: str) -> Any:
    if path not in found:
        raise _missing(root, path)
    return found[path]


def _missing(root: str, path: str) -> PluginError:
    return PluginError.unreachable(f"{root}/{path}: no such file").detail("errno", "ENOENT")
