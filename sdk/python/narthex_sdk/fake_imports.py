"""The imports of a FakeHost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .error import PluginError
from .host import Answer, Connection, Entry, Exchanged, Level, Probed, Record, Request, Usage

Responder = Callable[[Request], Answer]


@dataclass
class LogLine:
    """A message that the plugin logged."""

    level: Level
    message: str
    fields: dict[str, str]


class _Root:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.usages: dict[str, Usage] = {}
        self.changes: dict[str, int] = {}


def _facts(address: str, steps: list[str], *, has_tls: bool) -> dict[str, str]:
    """What is known of a connection. Each step takes a millisecond."""
    facts = {"address": address} | {f"{step}-ns": "1000000" for step in steps}
    tls = {"tls-ns": "1000000", "tls-version": "TLS 1.3", "tls-cipher": "TLS_AES_128_GCM_SHA256"}
    return facts | tls if has_tls else facts


class FakeImports:
    """A host that serves what a test has put into it."""

    def __init__(self) -> None:
        self.roots: dict[str, _Root] = {}
        self.responders: list[tuple[str, Responder | Answer | PluginError]] = []
        self.records: dict[tuple[str, str], list[str] | PluginError] = {}
        self.peers: dict[str, list[bytes]] = {}
        self.name_servers: dict[str, Callable[[bytes], bytes]] = {}
        self.options: list[tuple[str, str]] = []
        self.told: dict[str, str] | None = None
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

    def probe(self, request: Request, options: Mapping[str, str]) -> Probed:
        """Answered as any request is, from an address for documentation."""
        self.options += options.items()
        got = self.fetch(request)
        has_tls = request.url.startswith("https:")
        address = "192.0.2.1:443" if has_tls else "192.0.2.1:80"
        facts = _facts(address, ["resolve", "connect", "processing", "transfer"], has_tls=has_tls)
        facts |= {"http-version": "1.1", "body-bytes": str(len(got.body))}
        return Probed(got, facts, self.chain if has_tls else [])

    def connect(self, name: str, port: int, tls: str | None, timeout_ms: int) -> Connection:
        address = f"{name}:{port}"
        if address not in self.peers:
            raise PluginError.denied(f"net: {address} is not granted by this test")
        return _Connection(self, address, has_tls=tls is not None)

    def open(self, name: str, port: int, options: Mapping[str, str], timeout_ms: int) -> Connection:
        self.options += options.items()
        return self.connect(name, port, options.get("tls"), timeout_ms)

    def exchange(
        self, server: str, port: int, query: bytes, options: Mapping[str, str], timeout_ms: int
    ) -> Exchanged:
        address = f"{server}:{port}"
        self.options += options.items()
        if address not in self.name_servers:
            raise PluginError.denied(f"net: {address} is not granted by this test")
        facts = _facts(address, ["resolve", "processing"], has_tls=False)
        return Exchanged(self.name_servers[address](query), facts)

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

    def modified(self, root: str, path: str) -> int:
        granted = self.granted(root)
        _present(granted.files, root, path)
        return granted.changes.get(path, 0)

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

    def discipline(self) -> dict[str, str]:
        if self.told is None:
            raise PluginError.unreachable("nobody keeps this clock").detail("errno", "ENOSYS")
        return self.told


class _Connection:
    def __init__(self, host: FakeImports, address: str, *, has_tls: bool) -> None:
        self._host = host
        self._address = address
        self._has_tls = has_tls
        self._pieces = list(host.peers[address])

    def write_all(self, data: bytes, timeout_ms: int) -> None:
        self._host.sent += data

    def read(self, bytes_max: int, timeout_ms: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def start_tls(self, tls: str, server_name: str | None, timeout_ms: int) -> None:
        self._has_tls = True

    def facts(self) -> dict[str, str]:
        return _facts(self._address, ["resolve", "connect"], has_tls=self._has_tls)

    def certificates(self) -> list[bytes]:
        return self._host.chain if self._has_tls else []

    def close(self) -> None:
        self._pieces.clear()


def _present(found: Mapping[str, Any], root: str, path: str) -> Any:
    if path not in found:
        raise _missing(root, path)
    return found[path]


def _missing(root: str, path: str) -> PluginError:
    return PluginError.unreachable(f"{root}/{path}: no such file").detail("errno", "ENOENT")
