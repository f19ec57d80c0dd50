"""The transcendental functions of the nest IR, as scalar code over its own operations.

Both the interpreter and the machine code execute these bodies, so a function has the same bits
everywhere. No libm is involved. f16 and bf16 use the f32 functions and round.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.dtypes import F32, F64
from compiler.nest import (
    math_bessel,
    math_erf,
    math_exp,
    math_gamma,
    math_hyperbolic,
    math_log,
    math_pow,
    math_trig,
)
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
# Functions that f32 shares with f64: the function, the number of arguments.
_SHARED: dict[str, tuple[Callable[..., Value], int]] = {
    "acos": (math_hyperbolic.acos, 1),
    "acosh": (math_hyperbolic.acosh, 1),
    "asin": (math_hyperbolic.asin, 1),
    "asinh": (math_hyperbolic.asinh, 1),
    "atan": (math_hyperbolic.atan, 1),
    "atanh": (math_hyperbolic.atanh, 1),
    "bessel_i1e": (math_bessel.bessel_i1e, 1),
    "cosh": (math_hyperbolic.cosh, 1),
    "digamma": (math_gamma.digamma, 1),
    "erf": (math_erf.erf, 1),
    "erf_inv": (math_erf.erf_inv, 1),
    "erfc": (math_erf.erfc, 1),
    "lgamma": (math_gamma.lgamma, 1),
    "polygamma": (math_gamma.polygamma, 2),
    "sinh": (math_hyperbolic.sinh, 1),
    "zeta": (math_gamma.zeta, 2),
}
_TABLE |= {name: (f, f, arity) for name, (f, arity) in _SHARED.items()}

MATH: dict[str, Body] = {}
"""Function bodies by name and dtype (``exp.f32``, ``pow.f64``); ``arg`` k is argument k."""

for _name, (_f32, _f64, _arity) in _TABLE.items():
    MATH[f"{_name}.f32"] = function(through_f64(_f32), F32, _arity)
    MATH[f"{_name}.f64"] = function(_f64, F64, _arity)
