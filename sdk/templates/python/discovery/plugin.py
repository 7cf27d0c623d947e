"""Asks a URL for a list of targets, one `host:port` a line."""

from narthex_sdk import Discovery, Full, PluginError, Refreshed, TargetGroup, http
from narthex_sdk.plugin import Config


class {{Type}}(Discovery):
    name = "{{name}}"
    version = "0.1.0"
    description = "Targets of a list at a URL."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "description": "Where the list is: one host:port a line."},
        },
    }

    def validate(self, config: Config) -> list[str]:
        if not config["url"].startswith(("http://", "https://")):
            raise PluginError.config("url: must begin with http:// or https://").detail("key", "url")
        return []

    def refresh(self, config: Config, cursor: str | None, wait_ms: int) -> Refreshed:
        url = config["url"]
        # An error keeps the targets that were found before.
        lines = http.get(url).expect_success().text().splitlines()
        targets = [line.strip() for line in lines if line.strip()]
        group = TargetGroup(url, targets, {"__meta_{{module}}_url": url})
        return Refreshed(Full([group]), next_in_ms=30_000)
