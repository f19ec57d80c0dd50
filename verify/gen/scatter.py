"""Proposals for scatter and select_and_scatter.

Indices come from anywhere, in range and out of it, and the same place is often met again; so the
bodies are mostly folds, whose order may be any. A few set: then what is set is certain only where
one update comes.
"""

from __future__ import annotations

from functools import cache

from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I8, I16, I32, I64, DType
from compiler.ir import Attrs, Graph, Node, TensorType
from verify.gen.draft import Draft, Step, tensor
from verify.gen.gather import gathered
from verify.gen.reduce import FOLDS, IDEMPOTENT, bodies, captured_body, identity, pair_body

# Bodies may compute in a wider type than that of the inputs.
_WIDER: dict[DType, DType] = {F16: F32, BF16: F32, F32: F64, I8: I32, I16: I64}
_NAMES = (
    ("update_window_dims", "offset_dims"),
    ("inserted_window_dims", "collapsed_slice_dims"),
    ("input_batching_dims", "operand_batching_dims"),
    ("scatter_indices_batching_dims", "start_indices_batching_dims"),
    ("scatter_dims_to_operand_dims", "start_index_map"),
    ("index_vector_dim", "index_vector_dim"),
)


@cache
def _set_body(dtype: DType) -> Graph:
    """The update takes the element's place."""
    scalar = tensor((), dtype)
    return Graph((scalar, scalar), (), (1,))


def _scatter(draft: Draft) -> None:
    """Where a gather would read, something is written. Indices are called sorted and unique where
    there is at most one index vector.
    """
    below = draft.below
    v, indices, _, found, update = gathered(draft)
    t = draft.types[v]
    own = dict(found)
    count = 1
    for d, n in enumerate(draft.types[indices].shape):
        count *= 1 if d == own["index_vector_dim"] else n
    told = count <= 1 and below(2) == 1
    attrs: Attrs = tuple((name, own[other]) for name, other in _NAMES)
    attrs = (*attrs, ("indices_are_sorted", told), ("unique_indices", told))
    u = draft.like(update)
    ops = FOLDS[t.dtype]
    op, k = ops[below(len(ops))], below(12)
    types: tuple[TensorType, ...] = (t,)
    operands: tuple[int, ...] = (v, indices, u)
    captures: tuple[int, ...] = ()
    if k == 11:
        body = _set_body(t.dtype)
    elif k == 10 and op in IDEMPOTENT:
        body, captures = captured_body(op, t.dtype), (draft.like(tensor((), t.dtype)),)
    elif k == 9 and t.dtype in _WIDER and _WIDER[t.dtype] in draft.dtypes:
        wide = _WIDER[t.dtype]
        body, types = bodies(op, wide)[0], (tensor(t.shape, wide),)
    elif k == 8:
        other = tensor(t.shape, draft.dtype(ALL))
        second = FOLDS[other.dtype]
        more = draft.like(other), draft.like(tensor(update.shape, other.dtype))
        types, operands = (t, other), (v, more[0], indices, u, more[1])
        body = pair_body(op, second[below(len(second))], t.dtype, other.dtype)
    else:
        spellings = bodies(op, t.dtype)
        body = spellings[below(len(spellings))]
    draft.add_many("scatter", operands, attrs, types, (body,), captures)


@cache
def _selects(dtype: DType) -> tuple[Graph, ...]:
    """The larger or the smaller one, the first or the last of equal ones."""
    scalar, pred = tensor((), dtype), tensor((), I1)
    directions = ("GE", "LE", "GT", "LT")
    made = (
        Node("compare", (0, 1), (("comparison_direction", d), ("compare_type", "")), (pred,))
        for d in directions
    )
    return tuple(Graph((scalar, scalar), (node,), (2,)) for node in made)


def _select_and_scatter(draft: Draft) -> None:
    """Each window holds an element, so that there is one to select."""
    below = draft.below
    v = draft.subject(ALL)
    t = draft.types[v]
    sizes, strides, padding, windows = [], [], [], []
    for n in t.shape:
        size = min((1, 2, 2, 3, n, 1)[below(6)], n + 2) or 1
        stride = (1, 2, size, 1, 3)[below(5)]
        pads = (below(size), below(size)) if n and below(3) == 2 else (0, 0)
        padded = n + sum(pads)
        sizes.append(size)
        strides.append(stride)
        padding.append(pads)
        windows.append((padded - size) // stride + 1 if n and size <= padded else 0)
    source = draft.like(tensor(tuple(windows), t.dtype))
    ops = FOLDS[t.dtype]
    op = ops[below(len(ops))]
    scalar = tensor((), t.dtype)
    if op in IDEMPOTENT and below(2):
        init = draft.like(scalar)
    else:
        init = draft.constant(scalar, identity(op, t.dtype))
    selects, spellings = _selects(t.dtype), bodies(op, t.dtype)
    attrs: Attrs = (
        ("window_dimensions", tuple(sizes)),
        ("window_strides", tuple(strides)),
        ("padding", tuple(padding)),
    )
    regions = (selects[below(4)], spellings[below(len(spellings))])
    draft.add_many("select_and_scatter", (v, source, init), attrs, (t,), regions)


GEN: dict[str, Step] = {"scatter": _scatter, "select_and_scatter": _select_and_scatter}
