"""Files under the roots that the operator granted. Reading only."""

from __future__ import annotations

from .host import Entry, Usage, host

__all__ = ["Entry", "Usage", "entries", "modified", "read", "read_link", "read_text", "usage"]

_FILE_BYTES_MAX = 4 << 20
"""Kernel files are small; a file beyond this is not one of them."""

_ENTRIES_MAX = 10_000
"""Far more than any directory of `/proc` or `/sys` that is worth listing."""


def read(root: str, path: str, bytes_max: int = _FILE_BYTES_MAX) -> bytes:
    """Reads a file of at most `bytes_max` bytes."""
    return host().read_file(root, path, bytes_max)


def read_text(root: str, path: str) -> str:
    """Reads a text of at most 4 MiB. What is not UTF-8 is replaced."""
    return read(root, path).decode(errors="replace")


def entries(root: str, path: str) -> list[Entry]:
    """What is in a directory, sorted by name."""
    return host().list_dir(root, path, _ENTRIES_MAX)


def read_link(root: str, path: str) -> str:
    """The target of a symbolic link, as it is written."""
    return host().read_link(root, path)


def modified(root: str, path: str) -> int:
    """When a file's content last changed, in nanoseconds since the Unix epoch."""
    return host().modified(root, path)


def usage(root: str, path: str) -> Usage:
    """The usage of the file system that holds `path`."""
    return host().usage(root, path)
