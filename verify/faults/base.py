"""What a fault is: a realistic compiler bug that can be switched on by name.

A fault lives outside the compiler. Switched on, it exchanges one entry of one of the compiler's
registries (rules, passes, lowerings) or one function of the code generator; switched off,
everything is as before. The compiler does not know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from compiler.errors import InputError
from compiler.ir import Node
from compiler.lower import LOWERINGS
from compiler.lower.scope import Index, Scope

Install = Callable[[], AbstractContextManager[None]]
Value = Callable[[Scope, Node, Index], int]
K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One injected bug.

    Attributes:
        name: what the user types after ``--fault``.
        kind: class of bug (``wrong axis``, ``dropped guard``, ``lost NaN``, ...).
        summary: what the compiler does wrong, one line.
        pass_name: the pass that is guilty (``lower`` and ``codegen`` count as passes).
        rewrites: names of rewrites or ops of which one must be blamed.
        install: switches it on for the time of a ``with`` block.
        precision: ``--precision`` that the guilty pass needs.
        source: a real bug of this class: tracker and number, or the study that describes it, and in
            a few words what it was.
        rule: the rule that the fault was derived from mechanically; empty for one written by hand.
        also: further passes that do the wrong thing too, and may be blamed as well.
    """

    name: str
    kind: str
    summary: str
    pass_name: str
    rewrites: tuple[str, ...]
    install: Install
    precision: str = ""
    source: str = ""
    rule: str = ""
    also: tuple[str, ...] = ()


FAULTS: dict[str, Fault] = {}


def declare(
    name: str,
    kind: str,
    summary: str,
    *,
    blame: tuple[str, str | tuple[str, ...]],
    install: Install,
    source: str,
    precision: str = "",
) -> None:
    """Enter a fault into the catalogue; ``blame`` is (pass, rewrite or rewrites)."""
    assert name not in FAULTS, name
    pass_name, rewrites = blame
    names = (rewrites,) if isinstance(rewrites, str) else rewrites
    FAULTS[name] = Fault(name, kind, summary, pass_name, names, install, precision, source)


def find(name: str) -> Fault:
    """The fault called ``name``, written by hand or derived from a rule; InputError if there is
    none.
    """
    if name in FAULTS:
        return FAULTS[name]
    from verify.faults.derived import find_derived

    found = find_derived(name)
    if found is None:
        raise InputError(f"there is no fault {name!r}", hint="assay show faults lists them")
    return found


@contextmanager
def activate(name: str) -> Iterator[None]:
    """Switch one fault on for a ``with`` block; the empty name switches nothing on.

    Raises InputError for an unknown name.
    """
    if not name:
        yield
        return
    with find(name).install():
        yield


def exchanged(registry: dict[K, T], key: K, make: Callable[[T], T]) -> Install:
    """A fault that replaces ``registry[key]`` by ``make(old)``."""

    @contextmanager
    def install() -> Iterator[None]:
        old = registry[key]
        registry[key] = make(old)
        try:
            yield
        finally:
            registry[key] = old

    return install


def patched(holder: Any, attribute: str, make: Callable[[Any], Any]) -> Install:
    """A fault that replaces an attribute of a module or class by ``make(old)``."""

    @contextmanager
    def install() -> Iterator[None]:
        old = getattr(holder, attribute)
        setattr(holder, attribute, make(old))
        try:
            yield
        finally:
            setattr(holder, attribute, old)

    return install


def lowered(op: str, make: Callable[[Any], Any]) -> Install:
    """A fault that wraps the lowering of ``op``."""
    return exchanged(LOWERINGS, op, make)


def changed(**attrs: Callable[[Node], Any]) -> Callable[[Any], Any]:
    """Lower or expand a node as if some attributes had other values."""

    def make(old: Any) -> Any:
        def run(into: Any, node: Node, *rest: Any) -> Any:
            new = tuple((k, attrs[k](node) if k in attrs else v) for k, v in node.attrs)
            return old(into, node._replace(attrs=new), *rest)

        return run

    return make
