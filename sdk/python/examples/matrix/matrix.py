"""A notifier: tells alerts in a room of Matrix, one message a notification.

The notification's idempotency key is the message's transaction: a second attempt after a lost answer tells nothing twice.
"""

from html import escape
from urllib.parse import quote

from narthex_sdk import AlertGroup, Notifier, PluginError, Receipt, http
from narthex_sdk.plugin import Alert, Config

ALERTS_MAX = 50
"""Alerts that one message names; servers take 64 KiB."""


class Matrix(Notifier):
    name = "matrix"
    version = "1.0.0"
    description = "Tells alerts in a room of Matrix."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["homeserver", "room", "access_token"],
        "properties": {
            "homeserver": {"type": "string", "description": "As in https://matrix.example.com."},
            "room": {"type": "string", "description": "The room's id, as in !abc:example.com."},
            "access_token": {"type": "string", "x-secret": True, "description": "Of the user who tells."},
            "send_resolved": {"type": "boolean", "default": True, "description": "Whether resolved alerts are told."},
        },
    }

    def validate(self, config: Config) -> list[str]:
        if not config["room"].startswith("!"):
            message = "room: must be an id, which begins with !; an alias begins with #"
            raise PluginError.config(message).detail("key", "room")
        return []

    def notify(self, config: Config, group: AlertGroup) -> Receipt:
        server = config["homeserver"].rstrip("/")
        room, transaction = quote(config["room"], safe=""), quote(group.idempotency_key, safe="")
        request = http.request(
            "PUT",
            f"{server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}",
            headers={"authorization": f"Bearer {config['access_token']}"},
            json=message(group),
        )
        answer = http.send(request).expect_success().json()
        return Receipt(remote_id=answer.get("event_id"), note=f"room {config['room']}")


def message(group: AlertGroup) -> dict[str, str]:
    firing = sum(alert.status == "firing" for alert in group.alerts)
    state = f"FIRING {firing}" if firing else "RESOLVED"
    title = f"[{state}] {group.common_labels.get('alertname', group.receiver)}"
    lines = [line(alert) for alert in group.alerts[:ALERTS_MAX]]
    left_out = len(group.alerts) - len(lines) + group.truncated_alerts
    if left_out:
        lines.append(f"and {left_out} more")
    items = "".join(f"<li>{escape(one)}</li>" for one in lines)
    return {
        "msgtype": "m.text" if firing else "m.notice",
        "body": "\n".join([title, *lines]),
        "format": "org.matrix.custom.html",
        "formatted_body": f"<b>{escape(title)}</b><ul>{items}</ul>",
    }


def line(alert: Alert) -> str:
    told = alert.annotations.get("summary") or alert.annotations.get("description") or alert.labels.get("alertname", "alert")
    where = ", ".join(f"{name}={value}" for name, value in alert.labels.items() if name != "alertname")
    mark = "" if alert.status == "firing" else "resolved: "
    return f"{mark}{told} ({where})" if where else f"{mark}{told}"
