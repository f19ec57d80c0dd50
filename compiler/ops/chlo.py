"""Client ops (chlo): special functions, broadcasting arithmetic, top_k, ragged_dot, scan, mulhi.

Source: the CHLO dialect of the StableHLO project. It has no numbered constraints.
The numerical functions have lowerings. The expansion takes the other ops out of a program before
any rewrite sees them, so they have no traits.
"""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, I1, I32, INTEGERS
from compiler.ir import TensorType
from compiler.ops.bodies import require_range, require_unique
from compiler.ops.dot import PRECISION
from compiler.ops.elementwise import BINARY
from compiler.ops.table import Attr, Sig, Types, define, require

UNARY = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bessel_i1e",
    "cosh",
    "digamma",
    "erf",
    "erf_inv",
    "erfc",
    "lgamma",
    "sinh",
    "square",
    "tan",
]
FLOAT_BINARY = ["next_after", "polygamma", "zeta"]
NUMERICAL = frozenset({*UNARY, *FLOAT_BINARY} - {"next_after", "square", "tan"})
PREDICATES = ["is_inf", "is_neg_inf", "is_pos_inf"]
# Names of the same elementwise ops in both dialects, and those that only broadcast here.
BROADCAST = (*sorted(BINARY), *FLOAT_BINARY)


def _same(sig: Sig) -> Types:
    first = sig.operands[0]
    for t in sig.operands[1:]:
        require(t == first, "", "operand types differ: {} and {}", first, t)
    return (first,)


def _predicate(sig: Sig) -> Types:
    return (TensorType(sig.operands[0].shape, I1),)


def broadcast_shape(sig: Sig, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape: trailing dimensions meet, a size of 1 repeats.

    ``broadcast_dimensions`` may only say the same.
    """
    rank = max(map(len, shapes))
    dims = sig.attrs.get("broadcast_dimensions")
    if dims is not None:
        low = min(map(len, shapes))
        wanted = tuple(range(rank - low, rank))
        require(dims == wanted, "", "broadcast_dimensions {} is not {}", dims, wanted)
    out = []
    for column in zip(*[(1,) * (rank - len(s)) + s for s in shapes], strict=True):
        sizes = {n for n in column if n != 1}
        require(len(sizes) <= 1, "", "sizes {} cannot be broadcast together", sorted(sizes))
        out.append(sizes.pop() if sizes else 1)
    return tuple(out)


def _broadcast_binary(sig: Sig) -> Types:
    lhs, rhs = sig.operands
    require(lhs.dtype is rhs.dtype, "", "element types differ: {} and {}", lhs.dtype, rhs.dtype)
    return (TensorType(broadcast_shape(sig, [lhs.shape, rhs.shape]), lhs.dtype),)


def _broadcast_compare(sig: Sig) -> Types:
    return (TensorType(_broadcast_binary(sig)[0].shape, I1),)


def _broadcast_select(sig: Sig) -> Types:
    pred, on_true, on_false = sig.operands
    require(on_true.dtype is on_false.dtype, "", "types {} and {} differ", on_true, on_false)
    shapes = [pred.shape, on_true.shape, on_false.shape]
    return (TensorType(broadcast_shape(sig, shapes), on_true.dtype),)


def _top_k(sig: Sig) -> Types:
    x, k = sig.operands[0], sig.attrs["k"]
    require(x.rank >= 1, "", "operand must have a dimension")
    require(0 <= k <= x.shape[-1], "", "k = {} is not in [0, {}]", k, x.shape[-1])
    shape = (*x.shape[:-1], k)
    return (TensorType(shape, x.dtype), TensorType(shape, I32))


def _ragged_dot(sig: Sig) -> Types:
    lhs, rhs, sizes = sig.operands
    a, t = sig.attrs, sig.declared()
    lb, rb = a["lhs_batching_dimensions"], a["rhs_batching_dimensions"]
    lc, rc = a["lhs_contracting_dimensions"], a["rhs_contracting_dimensions"]
    ragged, group = a["lhs_ragged_dimensions"], a["rhs_group_dimensions"]
    for name, dims, limit in (("lhs", (*lb, *lc), lhs.rank), ("rhs", (*rb, *rc, *group), rhs.rank)):
        require_unique(dims, f"{name} dimensions", "")
        require_range(dims, limit, f"{name} dimensions", "")
    require(len(ragged) == 1, "", "needs one of lhs_ragged_dimensions, not {}", len(ragged))
    require_range(ragged, lhs.rank, "lhs_ragged_dimensions", "")
    for name, left, right in (("batching", lb, rb), ("contracting", lc, rc)):
        sizes_match = [lhs.shape[d] for d in left] == [rhs.shape[d] for d in right]
        require(sizes_match, "", "{} dimensions of lhs {} and rhs {} differ", name, lhs, rhs)
    require(sizes.rank >= 1 and sizes.dtype.is_integer, "", "group_sizes {} is no vector", sizes)
    free = ragged[0] not in (*lb, *lc)
    require(
        len(group) == free,
        "",
        "rhs_group_dimensions {} must be {}",
        group,
        "one dimension" if free else "empty",
    )
    groups = sizes.shape[-1]
    for d in group:
        require(rhs.shape[d] == groups, "", "rhs {} does not hold {} groups", rhs, groups)
    shape = [lhs.shape[d] for d in lb]
    shape += [n for d, n in enumerate(lhs.shape) if d not in (*lb, *lc)]
    shape += [n for d, n in enumerate(rhs.shape) if d not in (*rb, *rc, *group)]
    if ragged[0] in lc:
        shape = [groups, *shape]
    return (TensorType(tuple(shape), t.dtype),)


def _scan(sig: Sig) -> Types:
    k, dim = sig.attrs["inputs"], sig.attrs["dimension"]
    require(0 < k <= len(sig.operands), "", "{} of {} operands are inputs", k, len(sig.operands))
    inputs, inits = sig.operands[:k], sig.operands[k:]
    every = all(0 <= dim < t.rank for t in inputs)
    require(every, "", "dimension {} is not one of every input", dim)
    size = inputs[0].shape[dim]
    for t in inputs:
        require(t.shape[dim] == size, "", "inputs {} and {} differ in length", inputs[0], t)
    slices = tuple(TensorType((*t.shape[:dim], *t.shape[dim + 1 :]), t.dtype) for t in inputs)
    require(
        sig.arguments() == slices + inits,
        "",
        "the body must take a slice of each input and the carried values, ({}), not ({})",
        ", ".join(map(str, slices + inits)),
        ", ".join(map(str, sig.arguments())),
    )
    out = sig.regions[0].result_types
    count = len(out) - len(inits)
    require(count >= 0 and out[count:] == inits, "", "the body must return the carried values last")
    stacked = (TensorType((*t.shape[:dim], size, *t.shape[dim:]), t.dtype) for t in out[:count])
    return (*stacked, *inits)


for _name in UNARY:
    define(
        f"chlo.{_name}",
        "chlo",
        ["operand"],
        _same,
        dtypes=FLOATS,
        traits="elementwise transcendental" if _name in NUMERICAL else "",
    )
for _name in FLOAT_BINARY:
    define(
        f"chlo.{_name}",
        "chlo",
        ["lhs", "rhs"],
        _same,
        dtypes=FLOATS,
        traits="elementwise transcendental" if _name in NUMERICAL else "",
    )
for _name in PREDICATES:
    define(f"chlo.{_name}", "chlo", ["operand"], _predicate, dtypes=FLOATS)
define("chlo.mulhi", "chlo", ["lhs", "rhs"], _same, dtypes=INTEGERS)
for _name in BROADCAST:
    _dtypes = BINARY[_name][0] if _name in BINARY else FLOATS
    define(
        f"chlo.broadcast_{_name}",
        "chlo",
        ["lhs", "rhs"],
        _broadcast_binary,
        attrs=[Attr("broadcast_dimensions", "i64s", None)],
        dtypes=_dtypes,
    )
define(
    "chlo.broadcast_compare",
    "chlo",
    ["lhs", "rhs"],
    _broadcast_compare,
    attrs=[
        Attr("broadcast_dimensions", "i64s", None),
        Attr("comparison_direction", "enum", choices=("EQ", "NE", "GE", "GT", "LE", "LT")),
        Attr("compare_type", "enum", "", choices=("", "FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED")),
    ],
    dtypes=ALL,
)
define(
    "chlo.broadcast_select",
    "chlo",
    ["pred", "on_true", "on_false"],
    _broadcast_select,
    dtypes=(I1,),
)
define("chlo.top_k", "chlo", ["operand"], _top_k, attrs=[Attr("k", "i64")], dtypes=ALL)
define(
    "chlo.ragged_dot",
    "chlo",
    ["lhs", "rhs", "group_sizes"],
    _ragged_dot,
    attrs=[
        Attr("lhs_batching_dimensions", "i64s", ()),
        Attr("rhs_batching_dimensions", "i64s", ()),
        Attr("lhs_contracting_dimensions", "i64s", ()),
        Attr("rhs_contracting_dimensions", "i64s", ()),
        Attr("lhs_ragged_dimensions", "i64s", ()),
        Attr("rhs_group_dimensions", "i64s", ()),
        PRECISION,
    ],
    dtypes=ALL,
)
define(
    "chlo.scan",
    "chlo",
    ["inputs_and_inits*"],
    _scan,
    attrs=[
        Attr("dimension", "i64"),
        Attr("inputs", "i64"),
        Attr("is_reverse", "bool", False),
        Attr("is_associative", "bool", False),
    ],
    dtypes=ALL,
    regions=1,
)
