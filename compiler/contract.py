"""Contracts: what a rewrite may change about floating-point results, in LLVM's words.

A pass or rule that may change bits declares a contract; the oracle allows what the contracts of the
rewrites *that fired* allow, and nothing more. The empty contract means: the same bits as the
canonical evaluation. Source of the flag names: LLVM Language Reference, *Fast-Math Flags*; of
flushing: *denormal-fp-math* there, with ``preserve-sign`` for results and operands.

In words and in JSON, the parts of an entry are joined by colons: ``dot_general:bf16:f32`` for a
:class:`Precision`, ``log_plus_one:f64:512ulp`` for a :class:`Limit`, ``excess:bf16``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

FLAGS = ("nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc")
NARROW = ("bf16", "f16")
ACCUMULATORS = ("f32", "f64")
FLUSH = "flush-subnormals"


class Precision(NamedTuple):
    """An op that may read operands rounded to a narrow format.

    Attributes:
        op: name of the op.
        narrow: dtype that f32 operands may be rounded to; one of :data:`NARROW`.
        accumulator: dtype of its sums, one of :data:`ACCUMULATORS`: never narrower than its result.
    """

    op: str
    narrow: str
    accumulator: str = "f32"

    def __str__(self) -> str:
        return ":".join(self)


class Limit(NamedTuple):
    """How far a function may be from its true value, where that is more than is always allowed.

    Attributes:
        op: name of the op.
        dtype: element type of its result.
        ulps: units in the last place of that type.
    """

    op: str
    dtype: str
    ulps: float

    def __str__(self) -> str:
        return f"{self.op}:{self.dtype}:{self.ulps:g}ulp"


@dataclass(frozen=True, slots=True)
class Contract:
    """An allowance.

    Attributes:
        flags: subset of :data:`FLAGS`. ``reassoc`` covers any order of sums, products and matrix
            chains, and a factor or minus sign taken into a sum or out of one (which needs ``nsz``
            too: a sum that cancels is +0, and a factor gives it a sign); not a product of two sums
            multiplied out, such as ``(a - b) * (c - d)``: where both cancel, that has an error
            relative to their terms and not to the product.
        precision: the ops that may take operands rounded to a narrow format.
        limits: functions with a wider limit than :mod:`verify.bounds.limits` assumes of all; at
            most one for each op and dtype.
        excess: dtypes out of :data:`NARROW` whose values inside a fused group may stay unrounded.
        flush: whether subnormal operands and results may be read and written as zero.
    """

    flags: frozenset[str] = frozenset()
    precision: frozenset[Precision] = frozenset()
    limits: frozenset[Limit] = frozenset()
    excess: frozenset[str] = frozenset()
    flush: bool = False

    def join(self, other: Contract) -> Contract:
        """The contract that allows what either allows."""
        if not other or self == other:
            return self
        return Contract(
            self.flags | other.flags,
            self.precision | other.precision,
            _widest(self.limits | other.limits),
            self.excess | other.excess,
            self.flush or other.flush,
        )

    def covers(self, other: Contract) -> bool:
        """Whether everything that ``other`` allows is allowed here."""
        return self.join(other) == self

    def within(self, ops: frozenset[str]) -> Contract:
        """What of it can show in a program that holds ``ops``."""
        return replace(
            self,
            precision=frozenset(p for p in self.precision if p.op in ops),
            limits=frozenset(limit for limit in self.limits if limit.op in ops),
        )

    def __bool__(self) -> bool:
        return self != EXACT

    def __str__(self) -> str:
        words = [flag for flag in FLAGS if flag in self.flags]
        words += [str(x) for x in (*sorted(self.precision), *sorted(self.limits))]
        words += [f"excess:{dtype}" for dtype in sorted(self.excess)]
        words += [FLUSH] * self.flush
        return " ".join(words) or "bit-exact"

    def to_json(self) -> dict[str, Any]:
        """A JSON form, read back by :meth:`from_json`."""
        return {
            "flags": sorted(self.flags),
            "precision": [str(x) for x in sorted(self.precision)],
            "limits": [str(x) for x in sorted(self.limits)],
            "excess": sorted(self.excess),
            "flush": self.flush,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Contract:
        """The contract written by :meth:`to_json`; an older form had only flags, and precision
        without accumulators. ValueError for anything else.
        """
        precision = (Precision(*text.split(":")) for text in data.get("precision", []))
        parts = (text.removesuffix("ulp").split(":") for text in data.get("limits", []))
        return allow(
            *data.get("flags", []),
            precision=precision,
            limits=[Limit(op, dtype, float(ulps)) for op, dtype, ulps in parts],
            excess=data.get("excess", []),
            flush=bool(data.get("flush", False)),
        )


EXACT = Contract()


def allow(
    *flags: str,
    precision: Iterable[Precision] = (),
    limits: Iterable[Limit] = (),
    excess: Iterable[str] = (),
    flush: bool = False,
) -> Contract:
    """A contract of the given parts; ValueError for an unknown flag, format or accumulator."""
    made = Contract(
        frozenset(flags), frozenset(precision), _widest(limits), frozenset(excess), flush
    )
    unknown = made.flags - set(FLAGS)
    if unknown:
        raise ValueError(f"unknown contract flags: {sorted(unknown)}")
    narrow = made.excess | {p.narrow for p in made.precision}
    if narrow - set(NARROW) or {p.accumulator for p in made.precision} - set(ACCUMULATORS):
        raise ValueError(f"unknown formats in contract: {made}")
    return made


def join_all(contracts: Iterable[Contract]) -> Contract:
    """The join of all; the empty contract if there are none."""
    out = EXACT
    for c in contracts:
        out = out.join(c)
    return out


def _widest(limits: Iterable[Limit]) -> frozenset[Limit]:
    """One limit for each op and dtype: the widest."""
    ascending = sorted(limits, key=lambda limit: limit.ulps)
    return frozenset({(limit.op, limit.dtype): limit for limit in ascending}.values())
