"""Contracts: what a rewrite may change about floating-point results, in LLVM's words.

A pass or rule that may change bits declares a contract; the oracle allows what the contracts of the
rewrites *that fired* allow, and nothing more. The empty contract means: the same bits as the
canonical evaluation. Source of the flag names: LLVM Language Reference, *Fast-Math Flags*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FLAGS = ("nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc")


@dataclass(frozen=True, slots=True)
class Contract:
    """An allowance.

    Attributes:
        flags: subset of :data:`FLAGS`. ``reassoc`` covers any order of sums, products and matrix
            chains, and a factor taken into a sum or out of one; not a product of two sums
            multiplied out, such as ``(a - b) * (c - d)``: where both cancel, that has an error
            relative to their terms and not to the product.
        precision: pairs (op name, narrow dtype name): these ops may take operands rounded to the
            narrow dtype, with accumulation in f32.
    """

    flags: frozenset[str] = frozenset()
    precision: frozenset[tuple[str, str]] = frozenset()

    def join(self, other: Contract) -> Contract:
        """The contract that allows what either allows."""
        return Contract(self.flags | other.flags, self.precision | other.precision)

    def covers(self, other: Contract) -> bool:
        """Whether everything that ``other`` allows is allowed here."""
        return self.flags >= other.flags and self.precision >= other.precision

    def __bool__(self) -> bool:
        return bool(self.flags or self.precision)

    def __str__(self) -> str:
        flags = [f for f in FLAGS if f in self.flags]
        narrow = [f"{op}:{dtype}" for op, dtype in sorted(self.precision)]
        return " ".join(flags + narrow) or "bit-exact"

    def to_json(self) -> dict[str, list[str]]:
        """A JSON form, read back by :meth:`from_json`."""
        return {
            "flags": sorted(self.flags),
            "precision": [f"{op}:{dtype}" for op, dtype in sorted(self.precision)],
        }

    @staticmethod
    def from_json(data: dict[str, list[str]]) -> Contract:
        """The contract written by :meth:`to_json`."""
        pairs = (p.split(":") for p in data.get("precision", []))
        return allow(*data.get("flags", []), precision=[(op, dtype) for op, dtype in pairs])


EXACT = Contract()


def allow(*flags: str, precision: Iterable[tuple[str, str]] = ()) -> Contract:
    """A contract of the given flags; ValueError for an unknown flag."""
    unknown = set(flags) - set(FLAGS)
    if unknown:
        raise ValueError(f"unknown contract flags: {sorted(unknown)}")
    return Contract(frozenset(flags), frozenset(precision))


def join_all(contracts: Iterable[Contract]) -> Contract:
    """The join of all; the empty contract if there are none."""
    out = EXACT
    for c in contracts:
        out = out.join(c)
    return out
