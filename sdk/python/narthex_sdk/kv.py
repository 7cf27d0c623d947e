"""Small durable state of the plugin: it survives calls, reloads and restarts."""

from __future__ import annotations

from .host import host


def get(key: str) -> bytes | None:
    """The value of a key, or None."""
    return host().kv_get(key)


def put(key: str, value: bytes, ttl_ms: int | None = None) -> None:
    """Sets a key. With `ttl_ms` it vanishes that many milliseconds later."""
    host().kv_set(key, value, ttl_ms)


def delete(key: str) -> None:
    """Removes a key. A key that does not exist is no error."""
    host().kv_delete(key)


def keys(prefix: str, limit: int = 1_000) -> list[str]:
    """The first `limit` keys that begin with `prefix`, sorted."""
    return host().kv_keys(prefix, limit)


def compare_and_set(key: str, old: bytes | None, value: bytes | None) -> bool:
    """Replaces `old` (None: no such key) by `value` (None: remove it) in one step; False when something else was there."""
    return host().kv_compare_and_set(key, old, value)
