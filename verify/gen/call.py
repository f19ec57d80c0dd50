"""Proposals for call and composite: a private function is generated on the spot, or one of the
module's is used again.
"""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import Function
from verify.gen.draft import Draft, Step

_COMPOSITES = ("fuzz.block", "fuzz.norm", "lib.op")


def make_function(draft: Draft, operands: tuple[int, ...]) -> Function:
    """A private function of one to four steps that takes the types of ``operands``, added to the
    module.
    """
    below = draft.below
    inner = draft.nested([draft.types[v] for v in operands])
    menu = draft.menu
    for _ in range(1 + below(4)):
        menu[below(len(menu))](inner)
    results = inner.results(most=3)
    library = draft.library
    library.names += 1
    function = Function(f"f{library.names}", inner.graph(results), private=True)
    library.functions.append(function)
    return function


def _callee(draft: Draft) -> tuple[Function, tuple[int, ...]] | None:
    """A function and operands for it; ``None`` when calls stand too deep."""
    below = draft.below
    if draft.depth > 1:
        return None
    known = draft.library.functions
    if known and draft.depth == 0 and below(3) == 2:
        function = known[below(len(known))]
        return function, tuple([draft.like(t) for t in function.graph.params])
    operands = tuple([draft.subject(ALL) for _ in range(1 + below(3))])
    return make_function(draft, operands), operands


def _call(draft: Draft) -> None:
    found = _callee(draft)
    if found is not None:
        function, operands = found
        draft.add_many("call", operands, (("callee", function.name),), function.graph.result_types)


def _composite(draft: Draft) -> None:
    found = _callee(draft)
    if found is not None:
        function, operands = found
        attrs = (
            ("name", _COMPOSITES[draft.below(3)]),
            ("composite_attributes", ()),
            ("decomposition", function.name),
            ("version", (0, 0, 1)[draft.below(3)]),
        )
        draft.add_many("composite", operands, attrs, function.graph.result_types)


GEN: dict[str, Step] = {"call": _call, "composite": _composite}
