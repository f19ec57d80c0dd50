"""From LLVM text to callable machine code, in this process.

Text is parsed, verified and handed to code generation as it is; its level never changes a bit.
Functions of :mod:`compiler.nest.math` are compiled once a process, when the first program needs
them.
"""

from __future__ import annotations

import ctypes
import platform
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from compiler.codegen import gemm
from compiler.codegen.body import inlined
from compiler.codegen.host import host
from compiler.codegen.loader import Image, UnknownObject, available, process_symbol
from compiler.codegen.text import Text, register
from compiler.errors import InternalError
from compiler.nest.functions import function

_LIBRARY = re.compile(r"@(assay\.[\w.]+)\(")
_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)

# Rounding to nearest even, subnormals kept, all exceptions masked; whatever the process had is
# restored.
_GUARD_X86 = """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define void @guard(ptr %f, ptr %args) {
entry:
 %old = alloca i32
 %new = alloca i32
 call void @llvm.x86.sse.stmxcsr(ptr %old)
 store i32 8064, ptr %new
 call void @llvm.x86.sse.ldmxcsr(ptr %new)
 call void %f(ptr %args)
 call void @llvm.x86.sse.ldmxcsr(ptr %old)
 ret void
}
"""
_GUARD = "define void @guard(ptr %f, ptr %args) {\nentry:\n call void %f(ptr %args)\n ret void\n}\n"


class Machine:
    """Machine code of one LLVM module; the memory is freed with the object."""

    def __init__(self, text: str, level: int) -> None:
        _bind_library(text)
        module = _parse(text)
        self._code: Image | _Engine
        try:
            self._code = Image(_object_writer(level).emit_object(module), _resolve)
        except UnknownObject:
            self._code = _Engine(_parse(text), level)

    def address(self, name: str) -> int:
        """Where function ``name`` begins."""
        return self._code.address(name)


class _Engine:
    """LLVM's loader, for other systems."""

    def __init__(self, module: Any, level: int) -> None:
        self._engine: Any = llvm.create_mcjit_compiler(module, _target_machine(level))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        return int(self._engine.get_function_address(name))


def _resolve(name: str) -> int | None:
    machine = _library.get(name)
    return process_symbol(name) if machine is None else machine.address(f"own.{name}")


def assembly(text: str, level: int) -> str:
    """The assembly of a module."""
    module = _parse(text)
    return str(_target_machine(level).emit_assembly(module))


@cache
def guard() -> Any:
    """``guard(function, argument)``: call machine code under a known floating-point environment.

    A ctypes function: it releases the GIL.
    """
    return _ENTRY(_guard_machine().address("guard"))


@cache
def _guard_machine() -> Machine:
    return Machine(guard_text(), 2)


def guard_text() -> str:
    """The LLVM text of :func:`guard` on this machine."""
    return _GUARD_X86 if platform.machine() in ("x86_64", "AMD64") else _GUARD


@cache
def _object_writer(level: int) -> Any:
    """One target machine a level for objects. UnknownObject where they cannot be loaded."""
    if not available():
        raise UnknownObject("no loader for this system")
    return _target_machine(level, "large")


def _target_machine(level: int, model: str = "jitdefault") -> Any:
    """A new target machine; an engine takes it over."""
    target, cpu, features = host()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=level, reloc="static", codemodel=model, jit=True
    )


def _parse(text: str) -> Any:
    host()
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as e:
        raise InternalError(f"codegen: LLVM refuses the text: {str(e).strip()}") from None
    return module


# Functions shared by all programs of the process

_library: dict[str, Machine] = {}


def _bind_library(text: str) -> None:
    """Compile and register the functions that ``text`` calls."""
    missing = [name for name in shared_names(text) if name not in _library]
    if not missing:
        return
    machine = Machine(library_text(missing), 2)
    for name in missing:
        llvm.add_symbol(name, machine.address(f"own.{name}"))
        _library[name] = machine


def shared_names(text: str) -> list[str]:
    """Names of the shared functions that LLVM text calls; :func:`library_text` defines them."""
    return sorted(set(_LIBRARY.findall(text)))


def library_text(names: Iterable[str]) -> str:
    """LLVM text of the shared functions ``names``, defined as ``own.<name>``.

    ``assay.<function>.<dtype>.w<width>`` is a function on vectors; those of matrix products are
    named in :mod:`compiler.codegen.gemm`.
    """
    declares: set[str] = set()
    functions = []
    for name in names:
        if name.startswith(gemm.KINDS):
            functions.append(gemm.library(name, declares))
            continue
        _, stem, dtype, width = name.split(".")
        body, lanes = function(f"{stem}.{dtype}"), int(width[1:])
        t = Text(declares)
        parameters = {i.imm: i.dtype for i in body.insts if i.op == "arg"}
        count = max(parameters) + 1
        whole = register(body.insts[body.results[0]].dtype, lanes)
        args = [f"%x{k}" for k in range(count)]
        types = [register(parameters[k], lanes) if k in parameters else whole for k in range(count)]
        value = inlined(t, body, args, lanes)
        head = ", ".join(f"{t} {a}" for t, a in zip(types, args, strict=True))
        functions.append(t.function(f"own.{name}", head, whole, value))
    return "\n".join((*sorted(declares), *functions))
