"""Quantities such as 500m, 1Gi and 129e6, as Kubernetes reads and compares them.

Source: k8s.io/apimachinery, pkg/api/resource/quantity.go (ParseQuantity, Value, MilliValue).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from fcgitops.core.lazy import regex

_FORM = regex(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+|[A-Za-z]*)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_UNITS = {
    "binary": {"": Fraction(1), **{suffix: Fraction(2**n) for suffix, n in _BINARY.items()}},
    "decimal": {suffix: Fraction(10) ** n for suffix, n in _DECIMAL.items()},
    "exponent": {f"e{n}" if n else "": Fraction(10) ** n for n in _DECIMAL.values()},
}
"""Style → suffix → how much one of it is, the least first."""
_NANO = Fraction(1, 10**9)
_MOST = Fraction(2**63 - 1)
SYNTAX = "is no quantity, such as 500m, 2, 512Mi, 1.5Gi or 129e6"


@dataclass(frozen=True, order=True)
class Quantity:
    """An amount of something."""

    amount: Fraction
    style: str = ""
    """"binary" (Ki), "exponent" (e3) or "decimal": what it is printed with."""

    @property
    def milli(self) -> int:
        """In thousandths, rounded away from zero."""
        return _away_from_zero(self.amount * 1000)

    @property
    def whole(self) -> int:
        """In whole units, rounded away from zero."""
        return _away_from_zero(self.amount)

    @property
    def unit(self) -> bool:
        """Whether it is one of its unit: 1, 1k, 1Mi, or one thousandth."""
        steps = (
            [Fraction(1024) ** n for n in range(7)]
            if self.style == "binary"
            else [Fraction(1000) ** n for n in range(7)]
        )
        return self.amount in ([Fraction(1)] if self.style == "exponent" else steps)


def parse(value: object) -> Quantity | None:
    """A number or a text as a quantity; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _parse(repr(value))
    return _parse(value.strip()) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _parse(text: str) -> Quantity | None:
    found = _FORM.fullmatch(text)
    if not found:
        return None
    sign, whole, part, suffix = found.groups()
    part = part or ""
    if not whole + part:
        return None
    amount = Fraction(int(whole + part), 10 ** len(part))
    style = "decimal"
    if suffix in _BINARY:
        amount, style = amount * 2 ** _BINARY[suffix], "binary"
    elif suffix in _DECIMAL:
        amount *= Fraction(10) ** _DECIMAL[suffix]
    elif len(suffix) > 1 and suffix[0] in "eE":
        exponent = int(suffix[1:])
        if abs(exponent) > 1000:
            return None
        amount, style = amount * Fraction(10) ** exponent, "exponent"
    else:
        return None
    amount = min(-(-amount // _NANO) * _NANO, _MOST)
    return Quantity(-amount if sign == "-" else amount, style)


def value(text: object) -> Fraction | None:
    """How much it is; None where it is no quantity."""
    found = parse(text)
    return found.amount if found else None


def canonical(text: object) -> str:
    """The quantity as the API server stores it in a list of resources; what is none stays as it is.

    It keeps its style: `1Gi` and `1024Mi` are stored alike, `1073741824` is not. Nothing is finer
    than a thousandth. One whose number and unit are those of the stored form is stored as it was
    written, `+1` or `01Gi` for instance (a real API server, 1.34; SetDefaults_ResourceList).
    """
    found = parse(text)
    if found is None:
        return str(text)
    amount = Fraction(found.milli, 1000)
    printed = _printed(amount, found.style)
    written = str(text).strip()
    same = amount == found.amount and _plain(written) == printed
    return written if same else printed


def _printed(amount: Fraction, style: str) -> str:
    if not amount:
        return "0"
    small = abs(amount) < 1024 or amount.denominator != 1
    for suffix, size in reversed(
        _UNITS["decimal" if style == "binary" and small else style].items()
    ):
        if (amount / size).denominator == 1:
            return f"{amount / size}{suffix}"
    return str(amount)


def _plain(text: str) -> str:
    """What is written, without what says nothing: a plus, zeros in front, a point at the end."""
    found = _FORM.fullmatch(text)
    if not found or found[3]:
        return text
    sign, whole, _, suffix = found.groups()
    if len(suffix) > 1 and suffix[0] in "eE":
        suffix = f"e{int(suffix[1:])}" if int(suffix[1:]) else ""
    return f"{sign.strip('+')}{whole.lstrip('0') or '0'}{suffix}"


def _away_from_zero(amount: Fraction) -> int:
    return (
        -(-amount.numerator // amount.denominator)
        if amount > 0
        else (amount.numerator // amount.denominator)
    )
