"""Kubernetes quantities in the one form in which the API server stores them.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go. A quantity keeps its family of suffixes:
`1Gi` and `1024Mi` are stored alike, `1073741824` is not.
"""

from __future__ import annotations

from fractions import Fraction

from fcgitops.kubernetes.quantity import parse

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_POWERS = range(-9, 21, 3)
_UNITS = {
    "binary": {suffix: Fraction(1024) ** n for n, suffix in enumerate(_BINARY)},
    "decimal": {s: Fraction(10) ** n for n, s in zip(_POWERS, _DECIMAL, strict=True)},
    "exponent": {f"e{n}" if n else "": Fraction(10) ** n for n in _POWERS},
}
"""Family → suffix → how much one of it is."""


def value(text: object) -> Fraction | None:
    """How much it is; None where it is no quantity."""
    found = parse(text)
    return found.amount if found else None


def canonical(text: object) -> str:
    """The quantity as it is stored, within its family; what is none stays as it is."""
    found = parse(text)
    if found is None:
        return str(text)
    if not found.amount:
        return "0"
    small = abs(found.amount) < 1024 or found.amount.denominator != 1
    family = "decimal" if found.style not in _UNITS or (found.style == "binary" and small) else (
        found.style
    )  # fmt: skip
    for suffix, size in reversed(_UNITS[family].items()):
        if (found.amount / size).denominator == 1:
            return f"{found.amount / size}{suffix}"
    return str(found.amount)
