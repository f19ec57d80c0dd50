"""What the machine offers, for schedules; never a reason for other bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm

# Passes of LLVM's code generation that find nothing to gain in code whose schedule is written out:
# loop strength reduction (with the analysis under it), scheduling before and after register
# allocation. Without them LLVM takes a fifth less for a small program; of eleven typical programs
# (elementwise, softmax, matmul, convolution, sort, ...) some run 10 % faster and one 4 % slower.
# The switches are LLVM's, so they hold for the process.
_OFF = ("-disable-lsr", "-enable-misched=false", "-disable-post-ra")


@cache
def host() -> tuple[Any, str, str]:
    """The target, the CPU's name and its features, as text for LLVM."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for option in _OFF:
        llvm.set_option("", option)
    features = llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple(), llvm.get_host_cpu_name(), features


@cache
def vector_bits() -> int:
    """Bits of the widest vector registers."""
    features = host()[2].split(",")
    if "+avx512f" in features:
        return 512
    return 256 if "+avx2" in features else 128
