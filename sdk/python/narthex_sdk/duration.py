"""Durations as Prometheus writes them: `30s`, `1h30m`, `250ms`."""

from __future__ import annotations

import re

from .error import PluginError

_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""In milliseconds, largest first. A duration names each at most once and in this order."""

_DURATION = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in _UNITS))


def duration_ms(text: str, key: str = "duration") -> int:
    """Milliseconds of a duration; `key` names it when it is none. `0` needs no unit."""
    found = _DURATION.fullmatch("0s" if text == "0" else text) if text else None
    if found is None:
        raise PluginError.config(f"{key}: {text!r} is no duration, as 30s and 1h30m are").detail("key", key)
    return sum(int(digits or 0) * ms for digits, ms in zip(found.groups(), _UNITS.values(), strict=True))
