"""What runs inside the worker process of target xla. Nothing else may import this module: it loads
jaxlib.

jaxlib alone is enough; jax is neither needed nor imported. Written against jaxlib 0.10.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
from jaxlib import xla_client
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext
from jaxlib.mlir.dialects import chlo, stablehlo

from compiler.ir import Array

_jax: Any = import_module("jaxlib._jax")  # an extension module that has no stubs
KEPT = 64  # executables
_executables: OrderedDict[tuple[str, int, tuple[str, ...]], Any] = OrderedDict()


class _Sharding(_jax.SingleDeviceSharding):  # type: ignore[misc]
    """The two things that placing a buffer asks of jax's own class."""

    memory_kind = None

    def _to_xla_hlo_sharding(self, _rank: int) -> Any:
        return xla_client.HloSharding.replicate()


@cache
def _client() -> Any:
    return xla_client.make_cpu_client(asynchronous=False)


@cache
def _context() -> ir.Context:
    context = ir.Context()
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    stablehlo.register_dialect(context)
    chlo.register_dialect(context)
    context.load_all_available_dialects()
    return context


def parses(text: str) -> str:
    """Parse and verify ``text`` with MLIR; the module in MLIR's generic form. Raises what MLIR
    raises.
    """
    with _context():
        module = ir.Module.parse(text)
        module.operation.verify()
        return str(module.operation.get_asm(print_generic_op_form=True))


def prints(text: str) -> str:
    """Parse ``text`` with MLIR and print it in MLIR's pretty form, with locations."""
    with _context():
        return str(ir.Module.parse(text).operation.get_asm(enable_debug_info=True))


def compile_text(text: str, level: int = 1, off: tuple[str, ...] = ()) -> None:
    """Compile and keep the executable; ``off`` names HLO passes that are skipped."""
    _executable(text, level, off)


def run_text(text: str, level: int, off: tuple[str, ...], inputs: list[Array]) -> list[Array]:
    """Run on one device; compiles where the executable is no longer kept."""
    executable = _executable(text, level, off)
    results = executable.execute_sharded([_put(a) for a in inputs])
    return [_get(arrays[0]) for arrays in results.disassemble_into_single_device_arrays()]


def _executable(text: str, level: int, off: tuple[str, ...]) -> Any:
    key = (text, level, off)
    if key in _executables:
        _executables.move_to_end(key)
        return _executables[key]
    options = xla_client.CompileOptions()
    options.env_option_overrides = [("xla_allow_excess_precision", False)]
    debug = options.executable_build_options.debug_options
    if level == 0:
        debug.xla_backend_optimization_level = 0
    if off:
        debug.xla_disable_hlo_passes = ",".join(off)
    client = _client()
    devices = _jax.DeviceList(tuple(client.devices()[:1]))
    _executables[key] = client.compile_and_load(text, devices, options)
    if len(_executables) > KEPT:
        _executables.popitem(last=False)
    return _executables[key]


def _put(array: Array) -> Any:
    """A buffer on the device, copied."""
    device = _client().devices()[0]
    array = np.ascontiguousarray(array).reshape(array.shape)
    return _jax.batched_device_put(
        SimpleNamespace(shape=array.shape, dtype=array.dtype, weak_type=False),
        _Sharding(device),
        [array],
        [device],
        True,
        True,
        host_buffer_semantics=xla_client.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL,
        enable_x64=True,
    )


def _get(buffer: Any) -> Array:
    """The buffer's elements as an array of its own."""
    array, _copied = buffer._single_device_array_to_np_array_did_copy()
    return np.array(array)
