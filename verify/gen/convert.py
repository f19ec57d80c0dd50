"""Proposals for changes of element type: convert, bitcast_convert, reduce_precision."""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, INTEGERS, NARROW
from verify.gen.draft import Draft, Dtypes, Step, tensor

_NUMBERS = INTEGERS + FLOATS
_ON_NARROW = ("add", "subtract", "multiply", "maximum", "minimum")
# (exponent_bits, mantissa_bits): the formats in use, then odd ones; every mantissa at least one
# bit.
_FORMATS = (
    (8, 7),
    (5, 10),
    (8, 23),
    (11, 52),
    (8, 10),
    (5, 2),
    (4, 3),
    (2, 1),
    (6, 9),
    (8, 24),
    (9, 7),
    (5, 23),
)
_FORMAT_ATTRS = tuple((("exponent_bits", e), ("mantissa_bits", m)) for e, m in _FORMATS)


def _convert(draft: Draft) -> None:
    """Any value to any dtype; now and then between any two float formats, as most round there, or
    through a narrow type.
    """
    if draft.dtypes is ALL and draft.below(16) == 15:
        _through_narrow(draft)
        return
    if draft.dtypes is ALL and draft.below(3) == 2:
        v = draft.like(tensor(draft.shape(), FLOATS[draft.below(len(FLOATS))]))
        target = FLOATS[draft.below(len(FLOATS))]
    else:
        v = draft.subject(ALL)
        target = draft.dtype(ALL)
    draft.add("convert", (v,), (), tensor(draft.types[v].shape, target))


def _through_narrow(draft: Draft) -> None:
    """Any value to a narrow dtype, ops on it there, and to any dtype."""
    v = draft.subject(ALL)
    t = tensor(draft.types[v].shape, NARROW[draft.below(len(NARROW))])
    v = draft.add("convert", (v,), (), t)
    for _ in range(draft.below(3)):
        op = _ON_NARROW[draft.below(len(_ON_NARROW))]
        v = draft.add(op, (v, draft.like(t)), (), t)
    draft.add("convert", (v,), (), tensor(t.shape, draft.dtype(ALL)))


def _bitcast_convert(draft: Draft) -> None:
    """Same width, wider (where the last dimension holds just the parts of one element), or
    narrower.
    """
    below = draft.below
    v = draft.subject(_NUMBERS)
    t = draft.types[v]
    have, shape = t.dtype.bits, t.shape
    wide = tuple(d for d in _NUMBERS if d.bits > have and shape and shape[-1] * have == d.bits)
    narrow = (
        tuple(d for d in _NUMBERS if d.bits < have)
        if len(shape) < 4 and t.size * 8 <= draft.limit
        else ()
    )
    same = tuple(d for d in _NUMBERS if d.bits == have)
    wide, narrow = _kept(draft, wide), _kept(draft, narrow)
    same = _kept(draft, same) or (t.dtype,)  # counters of loops are integers anyway
    k = below(4)
    if wide and k != 0:
        draft.add("bitcast_convert", (v,), (), tensor(shape[:-1], wide[below(len(wide))]))
    elif narrow and k > 1:
        d = narrow[below(len(narrow))]
        draft.add("bitcast_convert", (v,), (), tensor((*shape, have // d.bits), d))
    else:
        draft.add("bitcast_convert", (v,), (), tensor(shape, same[below(len(same))]))


def _kept(draft: Draft, dtypes: Dtypes) -> Dtypes:
    return dtypes if draft.dtypes is ALL else tuple(d for d in dtypes if d in draft.dtypes)


def _reduce_precision(draft: Draft) -> None:
    v = draft.subject(FLOATS)
    attrs = _FORMAT_ATTRS[draft.below(len(_FORMAT_ATTRS))]
    draft.add("reduce_precision", (v,), attrs, draft.types[v])


GEN: dict[str, Step] = {
    "convert": _convert,
    "bitcast_convert": _bitcast_convert,
    "reduce_precision": _reduce_precision,
}
