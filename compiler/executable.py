"""Compiled programs: StableHLO in, a callable on arrays out."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from compiler.codegen import emit, layout
from compiler.codegen.arena import ALIGN
from compiler.codegen.jit import Machine, assembly, guard
from compiler.errors import InputError
from compiler.ir import Array, Module, TensorType
from compiler.lower import lower
from compiler.nest.ir import Program
from compiler.rewrite import Trace

if TYPE_CHECKING:
    from compiler.pipeline import Options


def compile_module(
    module: Module, options: Options | None = None, trace: Trace | None = None
) -> Executable:
    """Optimize ``module``, lower it and make machine code of it.

    Args:
        module: verified; its entry function is compiled.
        options: of the pass pipeline; the default is ``-O1``.
        trace: where applications of rewrites are counted and logged.

    Raises:
        UnsupportedError: for an op that has no lowering.
    """
    from compiler.pipeline import Options, optimize

    optimized, log = optimize(module, options or Options(), trace)
    return Executable(optimized, log)


class Executable:
    """A compiled module: call it on one array for each parameter of the entry function.

    Attributes:
        module: the module that was lowered (optimized).
        program: its nests.
        llvm: its LLVM text.
        trace: the rewrites that made ``module``.
        level: of LLVM's code generation. 0 selects instructions by other code than 1 to 3 and gives
            the same bits: a second opinion for tests.
        poison: whether results and temporaries hold bytes of 255 (NaN, -1) before each run, so that
            an element that is not written shows, and always as the same value.
    """

    def __init__(self, module: Module, trace: Trace | None = None, *, level: int = 2) -> None:
        self.module = module
        self.trace = trace or Trace()
        self.program = lower(module)
        self.llvm = emit(self.program)
        self.inputs: tuple[TensorType, ...] = module.main.graph.params
        self.outputs: tuple[TensorType, ...] = module.main.graph.result_types
        self._layout = layout(self.program)
        self._constants = _constants(self.program, self._layout.slots, self._layout.constants)
        self._arenas: list[Array] = []
        self.level = level
        self.poison = False
        self._machine = Machine(self.llvm, level)
        self._entry = self._machine.address("main")

    def __call__(self, *arrays: Any) -> tuple[Array, ...]:
        """The results, as fresh arrays. InputError names the argument that does not fit.

        Safe to call from several threads at once; the GIL is released meanwhile.
        """
        inputs = check_inputs(self.inputs, arrays)
        outputs = tuple(aligned(t) for t in self.outputs)
        arena = self._arenas.pop() if self._arenas else _block(self._layout.arena)
        if self.poison:
            for block in (*outputs, arena):
                block.reshape(-1).view(np.uint8).fill(255)
        blocks = (*inputs, *outputs, arena, self._constants)
        pointers = (ctypes.c_void_p * len(blocks))(*(b.ctypes.data for b in blocks))
        guard()(self._entry, ctypes.addressof(pointers))
        self._arenas.append(arena)
        return outputs

    def asm(self) -> str:
        """The assembly."""
        return assembly(self.llvm, self.level)


def check_inputs(types: tuple[TensorType, ...], arrays: tuple[Any, ...]) -> list[Array]:
    """The inputs as C-contiguous arrays; InputError where number, shape or dtype is wrong."""
    if len(arrays) != len(types):
        raise InputError(f"the program takes {len(types)} inputs, got {len(arrays)}")
    out = []
    for k, (t, x) in enumerate(zip(types, arrays, strict=True)):
        x = np.asarray(x)
        if x.dtype != t.dtype.numpy or x.shape != t.shape:
            shape = "".join(f"{n}x" for n in x.shape)
            raise InputError(f"input {k} must be {t}, got an array of {shape}{x.dtype.name}")
        out.append(np.ascontiguousarray(x).reshape(t.shape))
    return out


def aligned(t: TensorType) -> Array:
    """An uninitialised array of type ``t``, on a cache line."""
    return _block(t.nbytes)[: t.nbytes].view(t.dtype.numpy).reshape(t.shape)


def _block(size: int) -> Array:
    """At least ``size`` bytes, and at least one, on a cache line."""
    raw = np.empty(max(size, 1) + ALIGN, np.uint8)
    start = -raw.ctypes.data % ALIGN
    return raw[start : start + max(size, 1)]


def _constants(program: Program, slots: tuple[tuple[int, int], ...], size: int) -> Array:
    """All constants of a program in one block."""
    block = _block(size)
    for (_, offset), b in zip(slots, program.buffers, strict=True):
        if b.role == "const":
            block[offset : offset + len(b.data)] = np.frombuffer(b.data, np.uint8)
    return block
