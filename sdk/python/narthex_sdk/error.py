"""Failures, for the operator who reads them at night."""

from __future__ import annotations

from typing import Literal, Self

ErrorKind = Literal[
    "config",
    "denied",
    "unreachable",
    "timeout",
    "protocol",
    "rate-limited",
    "exhausted",
    "cancelled",
    "internal",
]
"""Why something failed. It decides what the host does next: see wit/README.md."""


class PluginError(Exception):
    """What a plugin raises, and what the host's interfaces raise.

    Any other exception is a defect of the plugin: the host is told `internal`, with the traceback in the log.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.retryable = False
        self.retry_after_ms: int | None = None
        self.details: dict[str, str] = {}

    @classmethod
    def config(cls, message: str) -> Self:
        """The configuration is wrong."""
        return cls("config", message)

    @classmethod
    def denied(cls, message: str) -> Self:
        """The operator did not grant it."""
        return cls("denied", message)

    @classmethod
    def unreachable(cls, message: str) -> Self:
        """The other side cannot be reached. Retryable."""
        return cls("unreachable", message).retry()

    @classmethod
    def timeout(cls, message: str) -> Self:
        """No answer in time. Retryable."""
        return cls("timeout", message).retry()

    @classmethod
    def protocol(cls, message: str) -> Self:
        """The other side answered what cannot be understood."""
        return cls("protocol", message)

    @classmethod
    def exhausted(cls, message: str) -> Self:
        """A bound was reached."""
        return cls("exhausted", message)

    @classmethod
    def internal(cls, message: str) -> Self:
        """A defect of the plugin."""
        return cls("internal", message)

    def retry(self, after_ms: int | None = None) -> Self:
        """Says that a retry may help, and not before so many milliseconds."""
        self.retryable = True
        self.retry_after_ms = after_ms
        return self

    def detail(self, name: str, value: str) -> Self:
        """Adds a fact."""
        self.details[name] = value
        return self

    def context(self, step: str) -> Self:
        """Says which step failed; the former message follows."""
        self.message = f"{step}: {self.message}"
        return self

    @property
    def errno(self) -> str | None:
        """The system's name of the failure (`ENOENT`), if it was one of the system."""
        return self.details.get("errno")

    @property
    def is_not_found(self) -> bool:
        """Whether a file does not exist."""
        return self.errno == "ENOENT"

    @property
    def is_denied(self) -> bool:
        """Whether the operator did not grant what was asked for."""
        return self.kind == "denied"

    def __str__(self) -> str:
        return self.message
