"""The host as the SDK sees it: the imports of wit/narthex.wit, with exceptions for errors.

Always holds: everything outside of the guest is reached through `host()`, so that the same code runs in the sandbox and, under
any Python, on a `FakeHost`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .error import PluginError

Level = Literal["trace", "debug", "info", "warn", "error"]
"""Severity, lowest first."""


@dataclass
class Request:
    """An HTTP request. Only the URL must be there."""

    url: str
    method: str = "GET"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    timeout_ms: int | None = None
    """A limit for the whole exchange; never longer than the call's deadline."""
    body_bytes_max: int | None = None
    """The largest answer to accept; a longer one is cut and flagged."""
    auth: str | None = None
    """For `probe`: the TLS profile that the operator bound under this name. Credentials cannot be bound yet; secrets of the
    configuration go into headers, and the host puts their values in."""


@dataclass
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    truncated: bool


@dataclass
class Probed:
    """An HTTP answer, and how it came."""

    answer: Answer
    facts: dict[str, str]
    certificates: list[bytes]


@dataclass
class Exchanged:
    """What a nameserver answered, and how it came."""

    message: bytes
    """A message of RFC 1035."""
    facts: dict[str, str]
    """`address`, `resolve-ns` and `processing-ns`."""


@dataclass
class Record:
    """A DNS record: its data as in a zone file."""

    data: str
    ttl_s: int


@dataclass
class Entry:
    """An entry of a directory."""

    name: str
    kind: Literal["file", "directory", "symlink", "other"]


@dataclass
class Usage:
    """How full a file system is; blocks and inodes as `statvfs` tells them."""

    block_size: int
    blocks: int
    free: int
    available: int
    files: int
    files_free: int
    fs_type: int


class Connection(Protocol):
    """An open TCP connection."""

    def write_all(self, data: bytes, timeout_ms: int) -> None: ...
    def read(self, bytes_max: int, timeout_ms: int) -> bytes: ...
    def start_tls(self, tls: str, server_name: str | None, timeout_ms: int) -> None: ...
    def facts(self) -> dict[str, str]: ...
    def certificates(self) -> list[bytes]: ...
    def close(self) -> None: ...


class Host(Protocol):
    """What a plugin may ask of the host. Each method raises a `PluginError`."""

    def fetch(self, request: Request) -> Answer: ...
    def fetch_many(self, requests: list[Request], in_flight_max: int) -> list[Answer | PluginError]: ...
    def fetch_first(self, requests: list[Request]) -> list[Answer | PluginError | None]: ...
    def probe(self, request: Request, options: Mapping[str, str]) -> Probed: ...
    def connect(self, name: str, port: int, tls: str | None, timeout_ms: int) -> Connection: ...
    def open(self, name: str, port: int, options: Mapping[str, str], timeout_ms: int) -> Connection: ...
    def lookup(self, name: str, kind: str, timeout_ms: int) -> list[Record]: ...
    def exchange(
        self, server: str, port: int, query: bytes, options: Mapping[str, str], timeout_ms: int
    ) -> Exchanged: ...
    def read_file(self, root: str, path: str, bytes_max: int) -> bytes: ...
    def list_dir(self, root: str, path: str, limit: int) -> list[Entry]: ...
    def read_link(self, root: str, path: str) -> str: ...
    def modified(self, root: str, path: str) -> int: ...
    def usage(self, root: str, path: str) -> Usage: ...
    def kv_get(self, key: str) -> bytes | None: ...
    def kv_set(self, key: str, value: bytes, ttl_ms: int | None) -> None: ...
    def kv_delete(self, key: str) -> None: ...
    def kv_keys(self, prefix: str, limit: int) -> list[str]: ...
    def kv_compare_and_set(self, key: str, old: bytes | None, value: bytes | None) -> bool: ...
    def log_enabled(self, level: Level) -> bool: ...
    def log(self, level: Level, message: str, fields: dict[str, str]) -> None: ...
    def wall_ms(self) -> int: ...
    def monotonic_ns(self) -> int: ...
    def deadline_ms(self) -> int: ...
    def sleep_ms(self, ms: int) -> None: ...
    def discipline(self) -> dict[str, str]: ...


_current: Host | None = None


def host() -> Host:
    """The host of the code that runs now."""
    if _current is None:
        raise PluginError.internal("there is no host here: in a test, call the plugin through a FakeHost")
    return _current


def set_host(replacement: Host | None) -> Host | None:
    """Makes this the host; returns the former one. For the component and for tests."""
    global _current
    former, _current = _current, replacement
    return former
