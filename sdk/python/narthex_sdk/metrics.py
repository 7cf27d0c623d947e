"""Typed metrics, rendered into the text that a scrape would have answered.

Always holds: the output is well-formed whatever names and values come in: a character that a name may not contain becomes `_`,
label values are escaped, families are contiguous and sorted by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Literal, Self

from .plugin import Exposition

Kind = Literal["counter", "gauge", "untyped", "histogram", "summary"]
Bound = tuple[Literal["le", "quantile"], float]
"""What a line of a histogram or of a summary is about: a number under a label's name."""
Labels = Mapping[str, str]
Number = float | int | bool


class Metrics:
    """The families of one answer. A later mention of a name returns the family of its first mention."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def counter(self, name: str, help: str) -> Family:
        """A value that only grows until it is reset. By convention its name ends in `_total`."""
        return self._family(name, help, "counter")

    def gauge(self, name: str, help: str) -> Family:
        """A value that goes up and down."""
        return self._family(name, help, "gauge")

    def untyped(self, name: str, help: str) -> Family:
        """A value of which the kind is not known."""
        return self._family(name, help, "untyped")

    def histogram(self, name: str, help: str) -> Family:
        """A distribution in buckets; add samples by `Family.histogram`."""
        return self._family(name, help, "histogram")

    def summary(self, name: str, help: str) -> Family:
        """Quantiles that the other side computed; add samples by `Family.summary`."""
        return self._family(name, help, "summary")

    def _family(self, name: str, help: str, kind: Kind) -> Family:
        clean = _sanitized(name, is_metric=True)
        return self._families.setdefault(clean, Family(clean, help, kind))

    def text(self) -> Exposition:
        """Prometheus text 0.0.4: every name is kept as it is. The safe choice."""
        body = "".join(family.text() for family in self._sorted())
        return Exposition("text/plain; version=0.0.4; charset=utf-8", body.encode())

    def open_metrics(self) -> Exposition:
        """OpenMetrics 1.0, which adds units. It knows counters only by the suffix `_total`: a counter without it is rendered
        as `unknown`."""
        body = "".join(family.open_metrics() for family in self._sorted())
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        return Exposition(content_type, f"{body}# EOF\n".encode())

    def _sorted(self) -> list[Family]:
        return [self._families[name] for name in sorted(self._families)]


class Family:
    """Metrics of one name. Samples are added in any order; each set of labels once."""

    def __init__(self, name: str, help: str, kind: Kind) -> None:
        self.name = name
        self.help = help
        self.kind = kind
        self._unit: str | None = None
        self._lines: list[str] = []

    def unit(self, unit: str) -> Self:
        """The unit, for OpenMetrics. Ignored unless the name ends in it, which OpenMetrics demands."""
        self._unit = unit
        return self

    def set(self, value: Number) -> Self:
        """Adds the sample without labels."""
        return self.sample({}, value)

    def sample(self, labels: Labels, value: Number) -> Self:
        """Adds a sample."""
        self._line("", labels, None, value)
        return self

    def histogram(self, labels: Labels, histogram: Histogram) -> Self:
        """Adds a histogram: its buckets, sum and count."""
        for bound, count in histogram.cumulative():
            self._line("_bucket", labels, ("le", bound), count)
        self._line("_sum", labels, None, histogram.sum)
        self._line("_count", labels, None, histogram.count)
        return self

    def summary(self, labels: Labels, quantiles: Mapping[float, Number], sum: Number, count: int) -> Self:
        """Adds a summary: values by quantile (0.99), the sum and the number of what was observed."""
        for quantile, value in quantiles.items():
            self._line("", labels, ("quantile", quantile), value)
        self._line("_sum", labels, None, sum)
        self._line("_count", labels, None, count)
        return self

    def _line(self, suffix: str, labels: Labels, bound: Bound | None, value: Number) -> None:
        pairs = [f'{_sanitized(name, is_metric=False)}="{_escaped(text, quotes=True)}"' for name, text in labels.items()]
        if bound is not None:
            pairs.append(f'{bound[0]}="{_number(float(bound[1]), is_bound=True)}"')
        braces = f"{{{','.join(pairs)}}}" if pairs else ""
        self._lines.append(f"{self.name}{suffix}{braces} {_number(value)}\n")

    def text(self) -> str:
        """The family in Prometheus' text; nothing when it has no samples."""
        if not self._lines:
            return ""
        head = f"# HELP {self.name} {_escaped(self.help)}\n# TYPE {self.name} {self.kind}\n"
        return head + "".join(self._lines)

    def open_metrics(self) -> str:
        """The family in OpenMetrics; nothing when it has no samples."""
        if not self._lines:
            return ""
        is_total = self.kind == "counter" and self.name.endswith("_total")
        name = self.name.removesuffix("_total") if is_total else self.name
        is_unknown = self.kind == "untyped" or (self.kind == "counter" and not is_total)
        kind = "unknown" if is_unknown else self.kind
        head = f"# HELP {name} {_escaped(self.help, quotes=True)}\n# TYPE {name} {kind}\n"
        if self._unit is not None and name.endswith(f"_{self._unit}"):
            head += f"# UNIT {name} {self._unit}\n"
        return head + "".join(self._lines)


class Histogram:
    """Counts observations by upper bound."""

    def __init__(self, bounds: Iterable[float]) -> None:
        """Bounds are sorted; those that are not finite or stand twice are dropped."""
        self._bounds = sorted({bound for bound in bounds if math.isfinite(bound)})
        # One more than the bounds: the last bucket has none.
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0
        """The sum of what was observed; add to it what was summed elsewhere."""

    def observe(self, value: float) -> None:
        """Counts one observation. NaN counts into the last bucket."""
        self.add(value, 1)
        self.sum += value

    def add(self, value: float, count: int) -> None:
        """Adds observations that were counted elsewhere, of which only the bucket is known. The sum does not change."""
        bucket = next((at for at, bound in enumerate(self._bounds) if value <= bound), len(self._bounds))
        self._counts[bucket] += count

    @property
    def count(self) -> int:
        """How many were observed."""
        return sum(self._counts)

    def cumulative(self) -> list[tuple[float, int]]:
        """Bounds with the count at or below each; the last is infinite and has all."""
        bounds = [*self._bounds, math.inf]
        return [(bound, sum(self._counts[: at + 1])) for at, bound in enumerate(bounds)]


def _sanitized(name: str, *, is_metric: bool) -> str:
    """Keeps what a name may contain: letters, digits, `_`, and `:` in names of metrics; no digit in front."""
    clean = re.sub(r"[^A-Za-z0-9_:]" if is_metric else r"[^A-Za-z0-9_]", "_", name)
    return f"_{clean}" if clean == "" or clean[0].isdigit() else clean


def _escaped(text: str, *, quotes: bool = False) -> str:
    safe = text.replace("\\", "\\\\").replace("\n", "\\n")
    return safe.replace('"', '\\"') if quotes else safe


def _number(value: Number, *, is_bound: bool = False) -> str:
    """`+Inf`, `-Inf`, `NaN`, else the shortest digits. Bounds and quantiles are floats by their look."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "+Inf" if value > 0 else "-Inf"
        if not is_bound and value.is_integer() and abs(value) < 2**53:
            return repr(value).removesuffix(".0")
    return repr(value)
