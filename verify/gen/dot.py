"""Proposals for dot_general: any split of the dimensions into batching, contracting and free ones,
in any order.
"""

from __future__ import annotations

from compiler.dtypes import ALL, BF16, F16, F32, F64, I8, I16, I32, I64, UI8, UI32, DType
from verify.gen.draft import Draft, Step, tensor

# Result dtypes beside the operand's own: the accumulations that models ask for.
_WIDER: dict[DType, tuple[DType, ...]] = {
    BF16: (F32,),
    F16: (F32,),
    F32: (F64,),
    I8: (I32, I16),
    UI8: (UI32, I32),
    I16: (I32,),
    I32: (I64,),
}
_PRECISION = ((), (), (), (), ("DEFAULT", "DEFAULT"), ("HIGHEST", "HIGHEST"))
# How each dimension of lhs is used, for ranks 0 to 4: rows of roles b(atch), c(ontract), f(ree);
# the usual ones repeated.
_ROLES: tuple[tuple[str, ...], ...] = (
    ("",),
    ("c", "f", "c", "b"),
    ("fc", "fc", "cf", "bc", "fc", "cc", "ff", "bf", "bb"),
    ("bfc", "bfc", "bcf", "ffc", "fcc", "cfb", "fcf", "bbc", "cbf", "fbc"),
    ("bbfc", "bfcc", "bffc", "cbfb", "bfcb", "bbcf", "ffcc", "fbcb"),
)
# Where the dimensions of rhs go: an order of (batching, contracting, free) blocks, as a permutation
# of the natural one.
_ORDERS = ("bcf", "bcf", "bfc", "cfb", "cbf", "fcb", "fbc")


def dot(
    draft: Draft,
    operands: tuple[int, int],
    batch: tuple[tuple[int, ...], tuple[int, ...]],
    contract: tuple[tuple[int, ...], tuple[int, ...]],
    dtype: DType,
    precision: tuple[str, ...] = (),
) -> int:
    """Append a dot_general; returns the result, whose shape is computed from the operands."""
    lhs, rhs = draft.types[operands[0]].shape, draft.types[operands[1]].shape
    shape = [lhs[d] for d in batch[0]]
    shape += [n for d, n in enumerate(lhs) if d not in batch[0] and d not in contract[0]]
    shape += [n for d, n in enumerate(rhs) if d not in batch[1] and d not in contract[1]]
    attrs = (
        ("lhs_batching_dimensions", batch[0]),
        ("rhs_batching_dimensions", batch[1]),
        ("lhs_contracting_dimensions", contract[0]),
        ("rhs_contracting_dimensions", contract[1]),
        ("precision_config", precision),
        ("algorithm", None),
    )
    return draft.add("dot_general", operands, attrs, tensor(tuple(shape), dtype))


def matmul(draft: Draft, lhs: int, rhs: int) -> int:
    """Append the plain product of two matrices."""
    return dot(draft, (lhs, rhs), ((), ()), ((1,), (0,)), draft.types[lhs].dtype)


def result_dtype(draft: Draft, dtype: DType) -> DType:
    """The operand's dtype, or one time in four a wider one that a compiler accumulates in."""
    wider = _WIDER.get(dtype)
    if wider is not None and draft.below(4) == 3:
        chosen = wider[draft.below(len(wider))]
        if chosen in draft.dtypes:
            return chosen
    return dtype


def _dot_general(draft: Draft) -> None:
    below, dims = draft.below, draft.dims
    v = draft.subject(ALL) if below(8) == 7 else draft.ranked()
    t = draft.types[v]
    rank = len(t.shape)
    roles = _ROLES[rank][below(len(_ROLES[rank]))]
    lb = tuple([d for d, r in enumerate(roles) if r == "b"])
    lc = tuple([d for d, r in enumerate(roles) if r == "c"])
    if len(lc) > 1 and below(2):
        lc = lc[::-1]
    # Free dimensions of rhs: none to two, so that rhs and the result keep to rank 4 and the limit.
    size = other = 1
    for n, role in zip(t.shape, roles, strict=True):
        if role != "c":
            size *= n or 1
        if role != "f":
            other *= n or 1
    free = []
    for _ in range(min((1, 1, 0, 2)[below(4)], 4 - rank + len(lc), 4 - len(lb) - len(lc))):
        n = dims[below(3)]
        if max(size, other) * n > draft.limit:
            n = 1
        size *= n or 1
        other *= n or 1
        free.append(n)
    order = _ORDERS[below(7)]
    shape: list[int] = []
    at = {}
    for block in order:
        at[block] = len(shape)
        shape += free if block == "f" else [t.shape[d] for d in (lb if block == "b" else lc)]
    rb = tuple(range(at["b"], at["b"] + len(lb)))
    rc = tuple(range(at["c"], at["c"] + len(lc)))
    w = draft.like(tensor(tuple(shape), t.dtype))
    dtype = result_dtype(draft, t.dtype)
    precision = _PRECISION[below(6)]
    if below(8) == 7 and not lb and len(lc) == 1:
        # The same contraction with the sides exchanged.
        dot(draft, (w, v), ((), ()), (rc, lc), dtype, precision)
    else:
        dot(draft, (v, w), (lb, rb), (lc, rc), dtype, precision)


GEN: dict[str, Step] = {"dot_general": _dot_general}
