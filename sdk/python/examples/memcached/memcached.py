"""An exporter: the statistics of a memcached, over its own protocol."""

from narthex_sdk import Exporter, Exposition, Metrics, PluginError, Target
from narthex_sdk.plugin import Config
from narthex_sdk.tcp import Connection

STATS_BYTES_MAX = 64 << 10
"""Far more than the statistics of any version."""

GAUGES = {
    "uptime": ("memcached_uptime_seconds", "Time since the server started."),
    "curr_items": ("memcached_current_items", "Items now."),
    "bytes": ("memcached_current_bytes", "Bytes of items now."),
    "limit_maxbytes": ("memcached_limit_bytes", "Bytes that items may take."),
    "curr_connections": ("memcached_current_connections", "Open connections."),
    "max_connections": ("memcached_max_connections", "Connections that may be open."),
}

COUNTERS = {
    "total_items": ("memcached_items_total", "Items stored so far."),
    "total_connections": ("memcached_connections_total", "Connections opened so far."),
    "evictions": ("memcached_items_evicted_total", "Items that gave way to others."),
    "bytes_read": ("memcached_read_bytes_total", "Bytes read from the network."),
    "bytes_written": ("memcached_written_bytes_total", "Bytes written to the network."),
}

COMMANDS = ("get", "delete", "incr", "decr", "cas", "touch")


class Memcached(Exporter):
    name = "memcached"
    version = "1.0.0"
    description = "Statistics of a memcached."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"tls": {"type": "boolean", "default": False, "description": "Whether the server speaks TLS."}},
    }

    def collect(self, config: Config, target: Target) -> Exposition:
        name, _, port = target.address.rpartition(":")
        if not name or not port.isdecimal():
            raise PluginError.config(f"the target {target.address} has no port; memcached listens at 11211")
        tls = "default" if config["tls"] else None
        with Connection(name.strip("[]"), int(port), target.timeout_ms, tls) as connection:
            connection.write_all(b"stats\r\n")
            answer = connection.read_until(b"END\r\n", STATS_BYTES_MAX)
        return metrics(parse(answer)).text()


def parse(answer: bytes) -> dict[str, str]:
    """`STAT <name> <value>` a line, then END."""
    *lines, last = answer.decode(errors="replace").splitlines() or [""]
    if last != "END":
        raise PluginError.protocol(f"memcached answered {last[:80]!r} to stats")
    stats = {}
    for line in lines:
        words = line.split(" ", 2)
        if len(words) == 3 and words[0] == "STAT":
            stats[words[1]] = words[2]
    return stats


def metrics(stats: dict[str, str]) -> Metrics:
    made = Metrics()
    for stat, (name, help) in GAUGES.items():
        if stat in stats:
            made.gauge(name, help).set(number(stats, stat))
    for stat, (name, help) in COUNTERS.items():
        if stat in stats:
            made.counter(name, help).set(number(stats, stat))
    commands = made.counter("memcached_commands_total", "Commands by what they found.")
    for command in COMMANDS:
        for status in ("hits", "misses"):
            if f"{command}_{status}" in stats:
                commands.sample({"command": command, "status": status}, number(stats, f"{command}_{status}"))
    if "cmd_set" in stats:
        commands.sample({"command": "set", "status": "hits"}, number(stats, "cmd_set"))
    made.gauge("memcached_version_info", "1, with the version.").sample({"version": stats.get("version", "")}, 1)
    return made


def number(stats: dict[str, str], name: str) -> float:
    try:
        return float(stats[name])
    except ValueError:
        raise PluginError.protocol(f"the statistic {name} is no number: {stats[name]}") from None
