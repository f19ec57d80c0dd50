"""What each op means to the prover: symbolic tensors, elements as Z3 terms, one file a family.

Independent of ``compiler.lower`` and of ``verify.ref``. Nothing here imports z3 before
:func:`table` is called or a submodule is imported.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.smt.tensor import Meaning


@cache
def table() -> dict[str, Meaning]:
    """The column: op name to meaning. Imports z3."""
    from verify.smt import (
        call,
        chlo,
        constant,
        control,
        convert,
        convolution,
        dot,
        dynamic,
        elementwise,
        gather,
        linalg,
        norm,
        random,
        reduce,
        scatter,
        shape,
        sort,
        window,
    )

    families = (
        constant,
        elementwise,
        convert,
        shape,
        gather,
        dynamic,
        reduce,
        scatter,
        sort,
        dot,
        call,
        control,
        chlo,
        window,
        convolution,
        norm,
        linalg,
        random,
    )
    return {op: meaning for family in families for op, meaning in family.SMT.items()}


def __getattr__(name: str) -> object:
    """``SMT`` is :func:`table`, made on first use, so that z3 is imported only then."""
    if name == "SMT":
        globals()["SMT"] = found = table()
        return found
    raise AttributeError(name)
