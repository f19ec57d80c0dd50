"""dot_general: batched contraction."""

from __future__ import annotations

from typing import Any

from compiler.dtypes import ALL, F64, NARROW_FLOATS
from compiler.errors import UnsupportedError
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require


def dot_shape(sig: Sig) -> tuple[int, ...]:
    """The result shape: batch dimensions, then the free ones of lhs, then those of rhs (C12)."""
    lhs, rhs = sig.operands
    lb, rb = sig.attrs["lhs_batching_dimensions"], sig.attrs["rhs_batching_dimensions"]
    lc, rc = sig.attrs["lhs_contracting_dimensions"], sig.attrs["rhs_contracting_dimensions"]
    require(len(lb) == len(rb), "C1", "batching dimensions of lhs and rhs differ in number")
    require(len(lc) == len(rc), "C2", "contracting dimensions of lhs and rhs differ in number")
    require(len({*lb, *lc}) == len(lb) + len(lc), "C3", "dimensions of lhs repeat")
    require(len({*rb, *rc}) == len(rb) + len(rc), "C4", "dimensions of rhs repeat")
    for number, dims, t in (("C5", lb, lhs), ("C6", lc, lhs), ("C7", rb, rhs), ("C8", rc, rhs)):
        require(
            all(0 <= d < t.rank for d in dims),
            number,
            "dimensions {} not all in [0, {})",
            dims,
            t.rank,
        )
    for number, left, right in (("C9", lb, rb), ("C10", lc, rc)):
        for a, b in zip(left, right, strict=True):
            fits = lhs.shape[a] == rhs.shape[b]
            require(
                fits,
                number,
                "lhs dimension {} has size {}, rhs dimension {} has {}",
                a,
                lhs.shape[a],
                b,
                rhs.shape[b],
            )
    free = [n for i, n in enumerate(lhs.shape) if i not in (*lb, *lc)]
    free += [n for i, n in enumerate(rhs.shape) if i not in (*rb, *rc)]
    return (*(lhs.shape[d] for d in lb), *free)


PRECISION = Attr("precision_config", "enum", (), choices=("DEFAULT", "HIGH", "HIGHEST"))

# (precision of lhs and rhs, accumulation, primitive operations) that StableHLO knows; one component
# each.
ALGORITHMS = frozenset(
    [
        ("f16", "f16", 1),
        ("f16", "f32", 1),
        ("bf16", "bf16", 1),
        ("bf16", "f32", 1),
        ("bf16", "f32", 3),
        ("bf16", "f32", 6),
        ("bf16", "f32", 9),
        ("tf32", "f32", 1),
        ("tf32", "f32", 3),
        ("f32", "f32", 1),
        ("f64", "f64", 1),
    ]
)


def _known_algorithm(value: tuple[tuple[str, Any], ...] | None) -> None:
    """C22-C24, and that there is such an algorithm at all."""
    fields = dict(value or ())
    if not fields:
        return
    counts = ("lhs_component_count", "rhs_component_count", "num_primitive_operations")
    for number, name in zip(("C22", "C23", "C24"), counts, strict=True):
        count = fields.get(name)
        require(type(count) is int and count > 0, number, "{} must be positive", name)
    lhs, rhs = fields.get("lhs_precision_type"), fields.get("rhs_precision_type")
    if {str(lhs)[:2], str(rhs)[:2]} == {"f8"}:
        raise UnsupportedError(f"dot_general: unsupported algorithm {_spelled(fields)}")
    known = lhs == rhs and fields[counts[0]] == fields[counts[1]] == 1
    known = known and not fields.get("allow_imprecise_accumulation")
    known = known and (lhs, fields.get("accumulation_type"), fields[counts[2]]) in ALGORITHMS
    require(known, "", "there is no algorithm {}", _spelled(fields))


def _check_algorithm(sig: Sig, result: TensorType) -> None:
    """C21; refuses what asks for more than the canonical evaluation gives."""
    fields = dict(sig.attrs.get("algorithm") or ())
    if not fields:
        return
    precision = sig.attrs.get("precision_config", ())
    require(set(precision) <= {"DEFAULT"}, "C21", "an algorithm needs precision_config DEFAULT")
    if fields["accumulation_type"] == "f64" and result.dtype is not F64:
        raise UnsupportedError(
            f"dot_general: unsupported accumulation in f64 for a result of {result.dtype}"
        )


def _spelled(fields: dict[str, object]) -> str:
    return ", ".join(f"{k} = {v}" for k, v in fields.items())


def check_precision(sig: Sig, number: str = "C11") -> None:
    """One entry an operand. As upstream, fewer are accepted: the others are DEFAULT."""
    count = len(sig.attrs["precision_config"])
    require(count <= 2, number, "precision_config has {} entries, at most 2 are due", count)


def _dot_general(sig: Sig) -> Types:
    shape = dot_shape(sig)
    check_precision(sig)
    if sig.results is None:
        require(
            sig.operands[0].dtype is sig.operands[1].dtype,
            "C13",
            "element types differ: state the result type",
        )
        return (TensorType(shape, sig.operands[0].dtype),)
    t = sig.declared()
    require(
        t.shape == shape, "C12", "result has shape {}, the contraction gives {}", t.shape, shape
    )
    _check_algorithm(sig, t)
    return (t,)


define(
    "dot_general",
    "dot",
    ["lhs", "rhs"],
    _dot_general,
    attrs=[
        Attr("lhs_batching_dimensions", "i64s", ()),
        Attr("rhs_batching_dimensions", "i64s", ()),
        Attr("lhs_contracting_dimensions", "i64s"),
        Attr("rhs_contracting_dimensions", "i64s"),
        PRECISION,
        Attr("algorithm", "dict", None, check=_known_algorithm),
    ],
    dtypes=ALL,
    narrow=NARROW_FLOATS,
    result="C12",
)
