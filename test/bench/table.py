"""From measured rounds to the table: medians, ratios, and whether each figure asked for is met."""

import dataclasses
import math
import statistics

COLUMNS = ["direct", "haproxy", "nginx", "before", "drover"]


@dataclasses.dataclass
class Limit:
    """A figure asked of droverd. With `against`, of its ratio to another target, round by round;
    with `added`, of the microseconds its median request takes longer than a direct one."""

    at_least: float = None
    at_most: float = None
    against: str = None
    added: bool = False

    def text(self, unit):
        sign = "≥" if self.at_most is None else "≤"
        figure = self.at_least if self.at_most is None else self.at_most
        if self.added:
            return f"{sign} +{figure:.0f} µs"
        return f"{sign} {figure:g} {'× ' + self.against if self.against else unit}"

    def verdict(self, case):
        """What to call it, and the measured figure where it is not the one asked for."""
        if self.added:
            samples, unit = case.added("drover"), "µs"
        elif self.against:
            samples, unit = case.ratios("drover", self.against), f"× {self.against}"
        else:
            samples, unit = case.values("drover"), case.unit
        if not samples:
            return ("broken", "") if case.error("drover") else ("", "")
        middle = statistics.median(samples)
        miss = self.at_least - middle if self.at_most is None else middle - self.at_most
        if miss <= 0:
            return "ok", ""
        slack = margin(samples)
        figures = f"{rounded(middle)} ± {rounded(slack)} {unit}"
        return "noise" if miss <= slack else "missed", figures


def rounded(value):
    """Three digits or so."""
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def margin(samples):
    """Twice the standard error of the median, from the quartiles."""
    if len(samples) < 4:
        return 0
    low, _, high = statistics.quantiles(samples)
    return 2 * 0.93 * (high - low) / math.sqrt(len(samples))


@dataclasses.dataclass
class Case:
    """One row. `rounds` holds for each target its values, one a round, or an error; for calls also
    the median latency of each round."""

    name: str
    unit: str  # "/s", "MB/s", "ms", "MB" or "KB"
    limits: list
    rounds: dict

    def error(self, target):
        return self.rounds.get(target, {}).get("error", "")

    def values(self, target):
        return [] if self.error(target) else self.rounds.get(target, {}).get("values", [])

    def latencies(self, target):
        return [] if self.error(target) else self.rounds.get(target, {}).get("p50", [])

    def ratios(self, target, other):
        return [a / b for a, b in zip(self.values(target), self.values(other))]

    def added(self, target):
        return [a - b for a, b in zip(self.latencies(target), self.latencies("direct"))]

    def cell(self, target):
        if target not in self.rounds:
            return ""
        values = self.values(target)
        if not values:
            return "broken"
        text = rounded(statistics.median(values))
        if target == "direct":
            latency = self.latencies(target)
            return text + (f", {statistics.median(latency):,.0f} µs" if latency else "")
        ratios = self.ratios(target, "direct")
        if ratios:
            text += f" ({statistics.median(ratios):.2f})"
        if self.latencies(target):
            text += f" {statistics.median(self.added(target)):+,.0f} µs"
        before = self.ratios("drover", "before") if target == "drover" else []
        if before:
            text += f", {statistics.median(before):.3f} ± {margin(before):.3f} × before"
        return text

    def row(self):
        asked = ", ".join(limit.text(self.unit) for limit in self.limits)
        cells = [self.cell(target) for target in COLUMNS]
        return [f"{self.name}, {self.unit}", *cells, asked, self.verdict()]

    def verdict(self):
        """The worst of the limits' verdicts, with the figures that missed."""
        if "drover" not in self.rounds:
            return ""
        verdicts = [limit.verdict(self) for limit in self.limits]
        for worst in ["broken", "missed", "noise", "ok"]:
            figures = [figure for name, figure in verdicts if name == worst]
            if figures:
                return f"{worst}: {', '.join(figures)}" if figures[0] else worst
        return ""

    def as_json(self):
        asked = [{"asked": limit.text(self.unit), "verdict": " ".join(limit.verdict(self)).strip()}
                 for limit in self.limits]
        return {"case": self.name, "unit": self.unit, "rounds": self.rounds, "limits": asked}


def markdown(cases):
    rows = [["case", *COLUMNS, "asked", "met"]] + [case.row() for case in cases]
    if not any("before" in case.rounds for case in cases):
        rows = [[cell for cell, name in zip(row, rows[0]) if name != "before"] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
