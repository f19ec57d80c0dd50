"""Proposals for rng_bit_generator. Elements are unsigned: of other types XLA returns the bits."""

from __future__ import annotations

from compiler.dtypes import UI64, UNSIGNED
from verify.gen.draft import Draft, Step, tensor

_KINDS = (("THREE_FRY", 2), ("PHILOX", 3), ("DEFAULT", 3), ("PHILOX", 2), ("DEFAULT", 2))


def _rng_bit_generator(draft: Draft) -> None:
    algorithm, words = _KINDS[draft.below(5)]
    state = tensor((words,), UI64)
    made = draft.new_type(UNSIGNED)
    attrs = (("rng_algorithm", algorithm),)
    draft.add_many("rng_bit_generator", (draft.like(state),), attrs, (state, made))


GEN: dict[str, Step] = {"rng_bit_generator": _rng_bit_generator}
