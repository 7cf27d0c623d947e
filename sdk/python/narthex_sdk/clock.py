"""Time, as the host tells it. The module `time` of Python does not work in the sandbox."""

from __future__ import annotations

from collections.abc import Callable

from .host import host


def now_ms() -> int:
    """Milliseconds since the Unix epoch."""
    return host().wall_ms()


def deadline_ms() -> int:
    """Milliseconds left to this call."""
    return host().deadline_ms()


def sleep_ms(ms: int) -> None:
    """Sleeps, at most until the deadline. The host's thread serves others meanwhile."""
    host().sleep_ms(ms)


def discipline() -> dict[str, str]:
    """How the kernel keeps the wall clock in step, by the names of `adjtimex(2)` and in its units."""
    return host().discipline()


def stopwatch() -> Callable[[], float]:
    """Starts to measure; each call of what it returns tells the seconds since."""
    started = host().monotonic_ns()
    return lambda: (host().monotonic_ns() - started) / 1e9
