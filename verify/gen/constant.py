"""Proposals for ops without operands: constant, iota."""

from __future__ import annotations

from compiler.dtypes import FLOATS, INTEGERS
from verify.gen.draft import Draft, Step, tensor


def _constant(draft: Draft) -> None:
    t = draft.new_type(draft.dtypes)
    if draft.below(3):
        draft.splat(t)
    else:
        draft.dense(t)


def _iota(draft: Draft) -> None:
    t = draft.new_type(INTEGERS + FLOATS)
    if not t.shape:
        t = tensor((draft.dims[0],), t.dtype)
    draft.add("iota", (), (("iota_dimension", draft.below(len(t.shape))),), t)


GEN: dict[str, Step] = {"constant": _constant, "iota": _iota}
