"""The transcendental functions of the nest IR, as scalar code over its own operations.

Both the interpreter and the machine code execute these bodies, so a function has the same bits
everywhere. No libm is involved. f16 and bf16 use the f32 functions and round.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.dtypes import F32, F64
from compiler.nest import math_exp, math_log, math_pow, math_trig
from compiler.nest.ir import Body
from compiler.nest.math_value import Value, function, through_f64

# name: the function that computes f32 in f64 arithmetic, the one of f64, the number of arguments.
_TABLE: dict[str, tuple[Callable[..., Value], Callable[..., Value], int]] = {
    "atan2": (math_trig.atan2_f32, math_trig.atan2_f64, 2),
    "cbrt": (math_pow.cbrt_f32, math_pow.cbrt_f64, 1),
    "cos": (math_trig.cos_f32, math_trig.cos_f64, 1),
    "exp": (math_exp.exp_f32, math_exp.exp_f64, 1),
    "expm1": (math_exp.expm1_f32, math_exp.expm1_f64, 1),
    "log": (math_log.log_f32, math_log.log_f64, 1),
    "log1p": (math_log.log1p_f32, math_log.log1p_f64, 1),
    "logistic": (math_exp.logistic_f32, math_exp.logistic_f64, 1),
    "pow": (math_pow.pow_f32, math_pow.pow_f64, 2),
    "rsqrt": (math_pow.rsqrt, math_pow.rsqrt, 1),
    "sin": (math_trig.sin_f32, math_trig.sin_f64, 1),
    "tan": (math_trig.tan_f32, math_trig.tan_f64, 1),
    "tanh": (math_exp.tanh_f32, math_exp.tanh_f64, 1),
}

MATH: dict[str, Body] = {}
"""Function bodies by name and dtype (``exp.f32``, ``pow.f64``); ``arg`` k is argument k."""

for _name, (_f32, _f64, _arity) in _TABLE.items():
    MATH[f"{_name}.f32"] = function(through_f64(_f32), F32, _arity)
    MATH[f"{_name}.f64"] = function(_f64, F64, _arity)
