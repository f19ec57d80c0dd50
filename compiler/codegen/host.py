"""What the machine offers, for schedules; never a reason for other bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm


@cache
def host() -> tuple[Any, str, str]:
    """The target, the CPU's name and its features, as text for LLVM."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple(), llvm.get_host_cpu_name(), features


@cache
def vector_bits() -> int:
    """Bits of the widest vector registers."""
    features = host()[2].split(",")
    if "+avx512f" in features:
        return 512
    return 256 if "+avx2" in features else 128
