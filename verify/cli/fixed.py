"""What the command line fixes of a program with unknown dimensions: ``--shape arg0=8x128``,
``--value arg1=8``, or the arrays of ``--inputs``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.errors import InputError

if TYPE_CHECKING:
    from compiler.ir import Array, Module

_SHAPE = re.compile(r"(?:arg)?([0-9]{1,6})=([0-9]{1,18}(?:x[0-9]{1,18})*)")
_VALUE = re.compile(r"(?:arg)?([0-9]{1,6})=(-?[0-9]{1,18})")
_OPEN = re.compile(r"tensor<[^<>]*\?")


@dataclass(frozen=True, slots=True)
class Fixed:
    """Shapes, and values of single integers, by number of the entry's parameter."""

    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)

    def module(self, text: str, file: str, inputs: Path | None) -> Module:
        """The verified static module; ``inputs`` fix what is not fixed here."""
        from compiler.specialise import specialise
        from compiler.text import parse

        if not (self.shapes or self.values or _OPEN.search(text)):
            return parse(text, file)
        module = parse(text, file, dynamic=True)
        shapes = dict(self.shapes)
        values: dict[int, Array | int] = dict(self.values.items())
        if inputs is None:
            return specialise(module, shapes, values)
        from compiler.known import LARGEST
        from verify.arrays import read_arrays

        for k, x in enumerate(read_arrays(inputs, module.main.graph.params)):
            shapes.setdefault(k, x.shape)
            if x.dtype.kind in "iu" and x.size <= LARGEST:
                values[k] = x
        return specialise(module, shapes, values)

    def put(self, arrays: list[Array]) -> list[Array]:
        """Random inputs with the fixed values among them."""
        import numpy as np

        return [
            np.asarray(self.values[k], x.dtype) if k in self.values else x
            for k, x in enumerate(arrays)
        ]


def parse_fixed(shape: Sequence[str], value: Sequence[str]) -> Fixed:
    """Options ``--shape`` and ``--value`` as they were given."""
    fixed = Fixed()
    for text in shape:
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise InputError(f"--shape {text}: no shape of a parameter", hint="--shape arg0=8x128")
        fixed.shapes[int(found[1])] = tuple(map(int, found[2].split("x")))
    for text in value:
        found = _VALUE.fullmatch(text)
        if found is None:
            raise InputError(f"--value {text}: no integer for a parameter", hint="--value arg0=8")
        fixed.values[int(found[1])] = int(found[2])
    return fixed


NOTHING = Fixed()
