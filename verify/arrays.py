"""Arrays on disk: ``.npz`` files with ``in0``, ``in1``, ... in the order of the program's
parameters.

NumPy has no bfloat16 and no narrow types of its own: such arrays are stored as their bits in
``uint16`` and ``uint8``. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from compiler.dtypes import BF16, NARROW, from_numpy
from compiler.errors import InputError
from compiler.ir import UNKNOWN, Array, TensorType

_BYTES = frozenset(d.numpy for d in NARROW)


def write_arrays(path: Path, arrays: Sequence[Array], prefix: str = "in") -> None:
    """Write ``arrays`` as ``<prefix>0``, ``<prefix>1``, ... of an ``.npz`` file."""
    named = {f"{prefix}{i}": _to_disk(a) for i, a in enumerate(arrays)}
    np.savez(path, allow_pickle=False, **named)


def read_arrays(path: Path, types: Sequence[TensorType], prefix: str = "in") -> list[Array]:
    """The arrays of ``types`` that :func:`write_arrays` wrote; other names in the file are ignored.

    Raises InputError for a missing file or array, a file that is not ``.npz``, or a wrong shape or
    dtype.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder", hint="give an .npz file")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise InputError(f"{path}: not an npz file", hint="write it with numpy.savez")
            file.seek(0)
            stored = np.load(file, allow_pickle=False)
            found = {name: stored[name] for name in stored.files if name.startswith(prefix)}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as e:
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise InputError(f"{path}: not an npz file of plain arrays: {reason}") from None
    return [_fit(path, found, f"{prefix}{i}", t) for i, t in enumerate(types)]


def _fit(path: Path, found: dict[str, Array], name: str, t: TensorType) -> Array:
    if name not in found:
        have = ", ".join(sorted(found)) or "no arrays"
        raise InputError(f"{path}: has no array {name}", hint=f"it has {have}; {name} must be {t}")
    array = found[name]
    if t.dtype is BF16 and array.dtype in (np.uint16, np.dtype("V2")):
        array = array.view(BF16.numpy)
    if t.dtype.narrow and array.dtype == np.uint8:
        array = (array & np.uint8((1 << t.dtype.bits) - 1)).view(t.dtype.numpy)
    return check_array(array, t, f"{path}: {name}")


def check_array(array: Array, t: TensorType, what: str) -> Array:
    """``array`` if it has type ``t``, in which dimensions may be unknown; else InputError that
    starts with ``what``.
    """
    if array.dtype != t.dtype.numpy:
        raise InputError(f"{what} has dtype {spell(array.dtype)}, the program wants {t.dtype}")
    fits = len(array.shape) == t.rank
    if not fits or any(m not in (n, UNKNOWN) for m, n in zip(t.shape, array.shape, strict=True)):
        want = f"{list(t.shape)} ({t})"
        raise InputError(f"{what} has shape {list(array.shape)}, the program wants {want}")
    return array


def spell(dtype: np.dtype[np.generic]) -> str:
    """A NumPy dtype in StableHLO's words where there is one."""
    try:
        return from_numpy(dtype).name
    except KeyError:
        return str(dtype)


def canonical_bits(array: Array) -> Array:
    """The elements as unsigned integers; all NaNs become one: payload and sign carry no meaning."""
    size = array.dtype.itemsize
    bits: Array = np.ascontiguousarray(array).view(f"u{size}").reshape(array.shape)
    if from_numpy(array.dtype).is_float:
        nan = np.asarray(np.nan).astype(array.dtype).view(f"u{size}")
        with np.errstate(all="ignore"):
            bits = np.where(np.isnan(array), nan, bits)
    return bits


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays agree in shape, dtype and canonical bits."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(np.array_equal(canonical_bits(a), canonical_bits(b)))


def fingerprint(arrays: Sequence[Array]) -> str:
    """A short hash of shapes, dtypes and bits."""
    h = hashlib.blake2b(digest_size=8)
    for a in arrays:
        h.update(f"{a.shape}{a.dtype}".encode())
        h.update(np.ascontiguousarray(a).tobytes())
    return h.hexdigest()


def _to_disk(array: Array) -> Array:
    if array.dtype == BF16.numpy:
        return array.view(np.uint16)
    return array.view(np.uint8) if array.dtype in _BYTES else array
