"""How numbers read in a report: 1,234,567 · 1 command, 2 commands · 4 min 12 s · 7.8 GiB."""

from __future__ import annotations


def number(value: float) -> str:
    """Whole, with commas."""
    return f"{value:,.0f}"


def counted(count: int, one: str, many: str = "") -> str:
    """A number and its noun: "1 command", "2,000 commands"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """The two largest units: "0.4 s", "52 s", "4 min 12 s", "2 h 5 min"."""
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def gibibytes(size: int) -> str:
    """Bytes as "7.8 GiB"."""
    return f"{size / (1 << 30):.1f} GiB"


def joined(parts: list[str]) -> str:
    """As a sentence lists them: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
