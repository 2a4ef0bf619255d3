"""Kubernetes quantities in the one form in which the API server stores them.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go. A quantity keeps its family of suffixes:
`1Gi` and `1024Mi` are stored alike, `1073741824` is not.
"""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(
    r"(?P<sign>[+-]?)(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\Z"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def parse(text: object) -> tuple[Fraction, str] | None:
    """(value, family) of a quantity, decimal, binary or exponent; None where it is none."""
    form = _FORM.match(str(text).strip()) if not isinstance(text, bool) else None
    if form is None:
        return None
    number = Fraction(form["number"]) * (-1 if form["sign"] == "-" else 1)
    suffix = form["suffix"] or ""
    if suffix in _DECIMAL:
        return _rounded(number * Fraction(10) ** _DECIMAL[suffix]), "decimal"
    if suffix in _BINARY:
        value = _rounded(number * Fraction(1024) ** _BINARY[suffix])
        return value, "binary" if abs(value) >= 1024 else "decimal"
    exponent = int(suffix[1:])
    if abs(exponent) > 30:
        return None
    return _rounded(number * Fraction(10) ** exponent), "exponent"


def _rounded(value: Fraction) -> Fraction:
    """Nothing is finer than a billionth: it is rounded up, away from zero."""
    scaled = abs(value) * 10**9
    whole = -(-scaled.numerator // scaled.denominator)
    return Fraction(whole if value >= 0 else -whole, 10**9)


def value(text: object) -> Fraction | None:
    """How much it is; None where it is no quantity."""
    parsed = parse(text)
    return parsed[0] if parsed else None


def canonical(text: object) -> str:
    """The quantity as it is stored, within its family; what is none stays as it is."""
    parsed = parse(text)
    if parsed is None:
        return str(text)
    number, family = parsed
    if family == "binary" and number.denominator == 1:
        return _largest(number, [(s, Fraction(1024) ** p) for s, p in _BINARY.items()])
    if family == "exponent":
        powers = [(f"e{p}" if p else "", Fraction(10) ** p) for p in range(-9, 19, 3)]
        return _largest(number, powers)
    return _largest(number, [(s, Fraction(10) ** p) for s, p in _DECIMAL.items()])


def _largest(number: Fraction, units: list[tuple[str, Fraction]]) -> str:
    if not number:
        return "0"
    for suffix, size in sorted(units, key=lambda unit: unit[1], reverse=True):
        if (number / size).denominator == 1:
            return f"{number / size}{suffix}"
    return str(number)
