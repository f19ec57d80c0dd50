"""A loader for the objects that LLVM writes for x86-64 Linux.

LLVM's own (MCJIT) needs an engine and a target machine a program, which costs more than compiling a
small program does. With the large code model every relocation is an absolute 64-bit address, so
loading is copying sections and filling in addresses.

Source of the format: System V ABI, AMD64 supplement, chapter 4; ELF-64 object file format.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import sys
from collections.abc import Callable

_SECTION = struct.Struct("<IIQQQQIIQQ")  # name type flags addr offset size link info align entsize
_SYMBOL = struct.Struct("<IBBHQQ")  # name info other section value size
_RELOCATION = struct.Struct("<QQq")  # offset info addend
_SYMTAB, _RELA, _NOBITS = 2, 4, 8
_ALLOC = 2
_R_X86_64_64 = 1
_PAGE = mmap.PAGESIZE


class UnknownObject(Exception):
    """The object holds something that this loader does not know: use LLVM's."""


def available() -> bool:
    """Whether objects of this machine can be loaded here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


class Image:
    """Machine code in memory of its own, which is unmapped with the object.

    Args:
        data: a relocatable object whose code model is large.
        resolve: the address of an external symbol, ``None`` if there is none.
    """

    def __init__(self, data: bytes, resolve: Callable[[str], int | None]) -> None:
        sections = _sections(data)
        places, size = _places(data, sections)
        self._memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        for k, offset in places.items():
            _, kind, _, _, start, length, *_ = sections[k]
            if kind != _NOBITS:
                self._memory[offset : offset + length] = data[start : start + length]
        self._symbols: dict[str, int] = {}
        values = self._read_symbols(data, sections, places, base, resolve)
        for section in sections:
            if section[1] == _RELA and section[7] in places:
                self._relocate(data, section, places[section[7]], values)
        _protect(base, size)

    def address(self, name: str) -> int:
        """Where the defined symbol ``name`` lies."""
        return self._symbols[name]

    def _read_symbols(
        self,
        data: bytes,
        sections: list[tuple[int, ...]],
        places: dict[int, int],
        base: int,
        resolve: Callable[[str], int | None],
    ) -> list[int | None]:
        """The addresses of all symbols by number."""
        table = next(s for s in sections if s[1] == _SYMTAB)
        names = sections[table[6]][4]
        values: list[int | None] = []
        for entry in _SYMBOL.iter_unpack(data[table[4] : table[4] + table[5]]):
            at, _, _, section, value, _ = entry
            name = data[names + at : data.index(b"\0", names + at)].decode() if at else ""
            if section in places:
                values.append(base + places[section] + value)
                if name:
                    self._symbols[name] = base + places[section] + value
            else:
                values.append(resolve(name) if section == 0 and name else None)
        return values

    def _relocate(
        self, data: bytes, section: tuple[int, ...], place: int, values: list[int | None]
    ) -> None:
        start, length = section[4], section[5]
        for offset, info, addend in _RELOCATION.iter_unpack(data[start : start + length]):
            value = values[info >> 32]
            if info & 0xFFFFFFFF != _R_X86_64_64 or value is None:
                raise UnknownObject(f"relocation {info & 0xFFFFFFFF} against symbol {info >> 32}")
            struct.pack_into("<Q", self._memory, place + offset, (value + addend) % (1 << 64))


def _sections(data: bytes) -> list[tuple[int, ...]]:
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    count = struct.unpack_from("<H", data, 0x3C)[0]
    end = offset + count * _SECTION.size
    return list(_SECTION.iter_unpack(data[offset:end]))


def _places(data: bytes, sections: list[tuple[int, ...]]) -> tuple[dict[int, int], int]:
    """Offsets in memory of the sections to load, and the size of all; no unwind tables."""
    names = sections[struct.unpack_from("<H", data, 0x3E)[0]][4]
    places: dict[int, int] = {}
    end = 0
    for k, section in enumerate(sections):
        at, _, flags, _, _, size, _, _, align, _ = section
        if not flags & _ALLOC or not size or data.startswith(b".eh_frame\0", names + at):
            continue
        end = -(-end // max(align, 1)) * max(align, 1)
        places[k] = end
        end += size
    return places, max(end, 1)


_libc = ctypes.CDLL(None, use_errno=True)
_READ_EXECUTE = mmap.PROT_READ | mmap.PROT_EXEC


def _protect(base: int, size: int) -> None:
    """Let the pages be executed, and no longer be written."""
    length = -(-size // _PAGE) * _PAGE
    if _libc.mprotect(ctypes.c_void_p(base), ctypes.c_size_t(length), _READ_EXECUTE):
        raise UnknownObject("executable memory is not allowed here")


def process_symbol(name: str) -> int | None:
    """The address of a C function of this process or of libm."""
    for library in (None, "libm.so.6"):
        try:
            found = ctypes.cast(getattr(ctypes.CDLL(library), name), ctypes.c_void_p).value
        except (AttributeError, OSError):
            continue
        return found
    return None
