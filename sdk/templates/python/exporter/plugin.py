"""Asks a web server for a page, and tells its status and size."""

from narthex_sdk import Exporter, Exposition, Metrics, PluginError, Target, http
from narthex_sdk.plugin import Config


class {{Type}}(Exporter):
    name = "{{name}}"
    version = "0.1.0"
    description = "Status and size of a page."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "path": {"type": "string", "default": "/", "description": "The page, from the slash on."},
        },
    }

    def validate(self, config: Config) -> list[str]:
        if not config["path"].startswith("/"):
            raise PluginError.config("path: must begin with a slash").detail("key", "path")
        return []

    def collect(self, config: Config, target: Target) -> Exposition:
        page = http.get(f"http://{target.address}{config['path']}")
        metrics = Metrics()
        metrics.gauge("{{module}}_http_status", "The status with which the page was answered.").set(page.status)
        metrics.gauge("{{module}}_page_bytes", "How long the page is.").set(len(page.body))
        return metrics.text()
