"""StableHLO text: :func:`parse`, :func:`print_module`, :func:`print_node`.

The pretty form that jaxlib prints and MLIR's generic form are both read; the pretty form is
written. Whatever the op table does not have is refused by name, and every error carries its place.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.check import verify_module
from compiler.ir import Module
from compiler.text.parser import Parser
from compiler.text.printer import print_module, print_node, value_names

__all__ = ["parse", "print_module", "print_node", "value_names"]


def parse(
    text: str, file: str = "<string>", *, checks: bool = False, dynamic: bool = False
) -> Module:
    """Parse and verify one module.

    Args: text: StableHLO, pretty or generic; functions without a module around them make an unnamed
        one. file: name for the places in errors and in ``Graph.locs``. checks: accept the ops of
        ``compiler.ops.CHECKS`` and the custom calls that mean the same. dynamic: accept types with
        unknown dimensions, and leave the module unverified: :func:`compiler.specialise.specialise`
        makes a verified one of it.

    Raises:
        ParseError: the text is not StableHLO.
        VerifyError: it breaks a constraint of the specification.
        UnsupportedError: an op, type or attribute that Assay does not have.
    """
    with _uncollected():
        reader = Parser(text, file, checks, dynamic)
        module = reader.module()
        if not dynamic:
            verify_module(module)
        reader.complete()
    return module


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python's collector of cycles from looking at a million tuples again and again: modules
    are trees.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
