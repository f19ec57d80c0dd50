"""Compilers under test, loaded by name and only when asked for."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compiler.errors import InputError

if TYPE_CHECKING:
    from verify.targets.protocol import Target


@dataclass(frozen=True, slots=True)
class Entry:
    """A target that Assay knows of: where its class is, what it needs, how to install it."""

    module: str
    attribute: str
    needs: str
    install: str
    about: str

    @property
    def installed(self) -> bool:
        """Whether the module that the target needs can be imported (it is not imported)."""
        return importlib.util.find_spec(self.needs) is not None


TARGETS: dict[str, Entry] = {
    "assay": Entry("verify.targets.assay", "Assay", "llvmlite", "assay", "Assay's own compiler"),
    "xla": Entry(
        "verify.targets.xla", "Xla", "jaxlib", "assay[xla]", "XLA:CPU of jaxlib, in its own process"
    ),
}

_LOADED: dict[str, Target] = {}


def targets() -> dict[str, Entry]:
    """All targets by name, installed or not."""
    return dict(TARGETS)


def get(name: str) -> Target:
    """The target ``name``, loaded once a process. InputError if it is unknown or not installed."""
    if name not in _LOADED:
        entry = TARGETS.get(name)
        if entry is None:
            raise InputError(f"there is no target {name!r}", hint=f"known: {', '.join(TARGETS)}")
        if not entry.installed:
            raise InputError(
                f"target {name} needs {entry.needs}", hint=f"pip install '{entry.install}'"
            )
        target: Target = getattr(importlib.import_module(entry.module), entry.attribute)()
        _LOADED[name] = target
    return _LOADED[name]
