"""Outbound TCP for protocols that are not HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from .error import PluginError
from .host import host

_READ_BYTES_MAX = 64 << 10
"""The largest piece that one read asks for."""


class Connection:
    """An open connection, closed at the end of its `with`. What is left open is closed when the call ends."""

    def __init__(self, name: str, port: int, timeout_ms: int, tls: str | None = None) -> None:
        """Connects; the timeout holds for this and for each later operation. `tls` is the name of a profile that the operator
        bound, or `default`."""
        self._timeout_ms = timeout_ms
        self._inner = host().connect(name, port, tls, timeout_ms)

    @classmethod
    def open_with(cls, name: str, port: int, options: Mapping[str, str], timeout_ms: int) -> Self:
        """Connects with options by name, as the contract lists them: `tls`, `server-name`, `ip`. An error has among its details
        what is known of the connection, as far as it came."""
        opened = cls.__new__(cls)
        opened._timeout_ms = timeout_ms
        opened._inner = host().open(name, port, options, timeout_ms)
        return opened

    def write_all(self, data: bytes) -> None:
        """Writes all of it."""
        self._inner.write_all(data, self._timeout_ms)

    def read(self) -> bytes:
        """What is there; nothing when the peer closed."""
        return self._inner.read(_READ_BYTES_MAX, self._timeout_ms)

    def read_until(self, end: bytes, bytes_max: int) -> bytes:
        """Everything up to a mark, which is part of it, or until the peer closes; at most `bytes_max`."""
        got = b""
        while end not in got:
            piece = self.read()
            if not piece:
                return got
            got += piece
            if len(got) > bytes_max:
                raise PluginError.exhausted(f"the peer sent more than {bytes_max} bytes")
        return got[: got.index(end) + len(end)]

    def read_to_end(self, bytes_max: int) -> bytes:
        """Everything until the peer closes, at most `bytes_max`."""
        got = b""
        while piece := self.read():
            got += piece
            if len(got) > bytes_max:
                raise PluginError.exhausted(f"the peer sent more than {bytes_max} bytes")
        return got

    def start_tls(self, profile: str = "default", server_name: str | None = None) -> None:
        """Speaks TLS from now on, once the peer has agreed: the name of a profile that the operator bound, or `default`.
        `server_name` is who must show a certificate; None for the host that was connected to."""
        self._inner.start_tls(profile, server_name, self._timeout_ms)

    def facts(self) -> dict[str, str]:
        """What is known of the connection: `address`, `resolve-ns` and `connect-ns`, and with TLS `tls-ns`, `tls-version` and
        `tls-cipher`."""
        return self._inner.facts()

    def certificates(self) -> list[bytes]:
        """The certificates that the peer showed, in DER, its own first; none without TLS."""
        return self._inner.certificates()

    def close(self) -> None:
        """Closes it."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
