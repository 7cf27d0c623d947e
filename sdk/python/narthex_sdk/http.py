"""Outbound HTTP. The host connects, speaks TLS, and follows the operator's grants."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .error import PluginError
from .host import Answer, Request, host

__all__ = ["Probed", "Request", "Response", "get", "post", "probe", "request", "send", "send_all", "send_first"]

_SHOWN_CHARS_MAX = 200
"""Enough of an answer to tell the operator what the other side objects to."""


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
    json: Any = None,
    timeout_ms: int | None = None,
    body_bytes_max: int | None = None,
    auth: str | None = None,
) -> Request:
    """A request. `json` is a body with its content type."""
    pairs = list((headers or {}).items())
    if json is not None:
        pairs.append(("content-type", "application/json"))
        body = _json.dumps(json, ensure_ascii=False)
    raw = body.encode() if isinstance(body, str) else body
    return Request(url, method, pairs, raw, timeout_ms, body_bytes_max, auth)


def send(asked: Request) -> Response:
    """Sends a request and waits for the whole answer. Every status is an answer."""
    return Response(host().fetch(asked))


def get(url: str, **rest: Any) -> Response:
    """A GET; the rest as in `request`."""
    return send(request("GET", url, **rest))


def post(url: str, **rest: Any) -> Response:
    """A POST; the rest as in `request`."""
    return send(request("POST", url, **rest))


@dataclass
class Probed:
    """An answer, and how it came."""

    response: Response
    facts: dict[str, str]
    """By the names of the contract: `address`, `connect-ns`, `tls-version`, `http-version`, …"""
    certificates: list[bytes]
    """The certificates that the other side showed, in DER, its own first; none without TLS."""


def probe(asked: Request, options: Mapping[str, str] | None = None) -> Probed:
    """Sends a request over a connection of its own, without following redirects, and tells how the answer came: to watch a
    server. Options by name, as the contract lists them: `ip`, `server-name`, `host`, `http2`. An error has the facts among its
    details, as far as the exchange came."""
    found = host().probe(asked, options or {})
    return Probed(Response(found.answer), found.facts, found.certificates)


def send_all(requests: list[Request], in_flight_max: int = 16) -> list[Response | PluginError]:
    """Sends many, up to `in_flight_max` at a time. Answers and errors stand in the order of the requests."""
    return [_outcome(one) for one in host().fetch_many(requests, in_flight_max)]


def send_first(requests: list[Request]) -> list[Response | PluginError | None]:
    """Sends up to 16 at once and waits for the first that is answered or fails. What is there by then stands in the order of
    the requests; the others are given up and are None."""
    return [None if one is None else _outcome(one) for one in host().fetch_first(requests)]


def _outcome(one: Answer | PluginError) -> Response | PluginError:
    return one if isinstance(one, PluginError) else Response(one)


class Response:
    """An answer."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.body
        self.truncated = answer.truncated
        """The body was longer than its bound, and this is its beginning."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), None)

    def expect_success(self) -> Self:
        """This answer if its status is 2xx; else an error that says the status and how the body begins."""
        if self.is_success:
            return self
        line = self.text().strip().split("\n", 1)[0][:_SHOWN_CHARS_MAX]
        message = f"the server answered with status {self.status}" + (f": {line}" if line else "")
        if self.status == 429:
            after = self.header("retry-after") or ""
            raise PluginError("rate-limited", message).retry(int(after) * 1000 if after.isdecimal() else None)
        error = PluginError.protocol(message)
        raise error.retry() if self.status >= 500 else error

    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON. A body that was cut is an error."""
        if self.truncated:
            raise PluginError.exhausted("the answer is longer than its bound")
        try:
            return _json.loads(self.body)
        except ValueError as error:
            raise PluginError.protocol(f"read the answer as JSON: {error}") from error
