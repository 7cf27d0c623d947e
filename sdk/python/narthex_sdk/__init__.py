"""The SDK for plugins of Narthex in Python.

Enters: a configuration, and what the plugin asks of the host. Leaves: metrics, targets or a receipt; a failure is a raised
`PluginError` whose kind tells the host what to do next. Open `plugin.py` first.
"""

from . import clock, dns, files, http, kv, log, tcp
from .duration import duration_ms
from .error import ErrorKind, PluginError
from .metrics import Family, Histogram, Metrics
from .plugin import (
    Alert,
    AlertGroup,
    Discovery,
    Exporter,
    Exposition,
    Notifier,
    Plugin,
    Receipt,
    Target,
)
from .targets import Delta, Full, Refreshed, TargetGroup, Unchanged, host_port, labels, sanitize

__all__ = [
    "Alert",
    "AlertGroup",
    "Delta",
    "Discovery",
    "ErrorKind",
    "Exporter",
    "Exposition",
    "Family",
    "Full",
    "Histogram",
    "Metrics",
    "Notifier",
    "Plugin",
    "PluginError",
    "Receipt",
    "Refreshed",
    "Target",
    "TargetGroup",
    "Unchanged",
    "clock",
    "dns",
    "duration_ms",
    "files",
    "host_port",
    "http",
    "kv",
    "labels",
    "log",
    "sanitize",
    "tcp",
]
