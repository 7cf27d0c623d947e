"""Posts alerts to a URL, as JSON."""

from narthex_sdk import AlertGroup, Notifier, PluginError, Receipt, http
from narthex_sdk.plugin import Config


class {{Type}}(Notifier):
    name = "{{name}}"
    version = "0.1.0"
    description = "Posts alerts as JSON."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "x-secret": True, "description": "Where alerts are posted."},
        },
    }

    def validate(self, config: Config) -> list[str]:
        if not config["url"].startswith(("http://", "https://")):
            raise PluginError.config("url: must begin with http:// or https://").detail("key", "url")
        return []

    def notify(self, config: Config, group: AlertGroup) -> Receipt:
        alerts = [
            {"status": alert.status, "labels": alert.labels, "annotations": alert.annotations} for alert in group.alerts
        ]
        message = {"status": group.status, "receiver": group.receiver, "alerts": alerts}
        # Of what is no success, 429 and 5xx are tried again; the rest would be refused again.
        answer = http.post(config["url"], json=message).expect_success()
        return Receipt(note=f"status {answer.status}")
