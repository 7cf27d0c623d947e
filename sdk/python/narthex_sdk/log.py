"""The host's structured log."""

from __future__ import annotations

from .host import Level, host

__all__ = ["Level", "debug", "enabled", "error", "info", "warn", "write"]


def enabled(level: Level) -> bool:
    """Whether a message of this level would be kept."""
    return host().log_enabled(level)


def write(level: Level, message: str, **fields: object) -> None:
    """Writes a message with its fields."""
    if enabled(level):
        host().log(level, message, {name: str(value) for name, value in fields.items()})


def debug(message: str, **fields: object) -> None:
    """For the plugin's author."""
    write("debug", message, **fields)


def info(message: str, **fields: object) -> None:
    """For the operator, when all is well."""
    write("info", message, **fields)


def warn(message: str, **fields: object) -> None:
    """Something is wrong and the call goes on."""
    write("warn", message, **fields)


def error(message: str, **fields: object) -> None:
    """Something is wrong and part of the work is not done."""
    write("error", message, **fields)
