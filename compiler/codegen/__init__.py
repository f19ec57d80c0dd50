"""Machine code from nests: finished LLVM text, without any LLVM optimisation pass."""

from __future__ import annotations

from compiler.codegen.arena import Layout, layout
from compiler.codegen.program import emit

__all__ = ["Layout", "emit", "layout"]
