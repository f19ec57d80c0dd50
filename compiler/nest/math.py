"""The transcendental functions of the nest IR, as scalar code over its own operations.

Both the interpreter and the machine code execute these bodies, so a function has the same bits
everywhere. No libm is involved. f16 and bf16 use the f32 functions and round.
"""

from __future__ import annotations

from compiler.dtypes import F32, F64
from compiler.nest import math_exp, math_log
from compiler.nest.ir import Body
from compiler.nest.math_value import function, through_f64

# name: (f32 inner function in f64 arithmetic, f64 function, number of arguments)
_TABLE = {
    "exp": (math_exp.exp_f32, math_exp.exp_f64, 1),
    "expm1": (math_exp.expm1_f32, math_exp.expm1_f64, 1),
    "log": (math_log.log_f32, math_log.log_f64, 1),
    "log1p": (math_log.log1p_f32, math_log.log1p_f64, 1),
    "logistic": (math_exp.logistic_f32, math_exp.logistic_f64, 1),
    "tanh": (math_exp.tanh_f32, math_exp.tanh_f64, 1),
}

MATH: dict[str, Body] = {}
"""Function bodies by name and dtype (``exp.f32``, ``pow.f64``); ``arg`` k is argument k."""

for _name, (_f32, _f64, _arity) in _TABLE.items():
    MATH[f"{_name}.f32"] = function(through_f64(_f32), F32, _arity)
    MATH[f"{_name}.f64"] = function(_f64, F64, _arity)
