# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of ours that come to a host packed in an option, compiled or as source.

Ansible sends the files that a module imports, and every host compiles all of them for every task. That and the import
of an AnsibleModule take a host more time than to look around and to send canaries. Code that is compiled fits one
version of Python only: PYTHON says which. What is sent is kept small: a Python that reads its program from a pipe
(pipelining) takes 0.2 s for each MB (3.11). The host has the source of this file alone when it begins.
"""

from __future__ import annotations

import base64
import importlib.abc
import importlib.machinery
import importlib.util
import json
import marshal
import sys
import tempfile
import typing as t
import zlib

if t.TYPE_CHECKING:
    from types import CodeType, ModuleType

PYTHON = f"{sys.implementation.cache_tag} {importlib.util.MAGIC_NUMBER.hex()}"  # whose code runs here
SOURCE = ""  # in the place of that: any Python compiles it
PACKAGE = "ansible_collections.traceops.tracing.plugins.module_utils"


class Code(t.TypedDict):
    """Modules as they are sent."""

    python: str  # PYTHON of those that can run it
    modules: str  # packed


class Source(t.NamedTuple):
    """One module: its file, as tracebacks name it, and the text."""

    path: str
    text: str


Module = t.Union[Source, "CodeType"]


def pack(modules: t.Mapping[str, Source]) -> Code:
    """Modules by their full names; a package's file is an `__init__.py`."""
    return {"python": SOURCE, "modules": _packed(json.dumps(modules).encode("ascii"))}


def pack_compiled(modules: t.Mapping[str, Module]) -> Code:
    """The same for hosts with the Python that compiled them, or some of them."""
    plain = {name: tuple(each) if isinstance(each, Source) else each for name, each in modules.items()}
    return {"python": PYTHON, "modules": _packed(marshal.dumps(plain))}


def compiled(source: Source) -> CodeType:
    """Its code without what a host does not need: docstrings, and the columns of a traceback."""
    return _without_columns(compile(source.text, source.path, "exec", dont_inherit=True, optimize=2))


def _without_columns(code: CodeType) -> CodeType:
    """The same code with lines alone in its table of locations, as with -X no_debug_ranges (Python 3.11 and later)."""
    if not hasattr(code, "co_positions"):
        return code
    inner = tuple(_without_columns(each) if isinstance(each, type(code)) else each for each in code.co_consts)
    table, last = bytearray(), code.co_firstlineno
    for start, end, line in code.co_lines():
        units = (end - start) // 2
        while units > 0:
            # CPython 3.11 to 3.14, Objects/locations.md: at most eight code units; 13 is a line, 15 none.
            covered = min(8, units)
            units -= covered
            table.append(0x80 | (15 if line is None else 13) << 3 | covered - 1)
            if line is not None:
                table += _signed(line - last)
                last = line
    return code.replace(co_consts=inner, co_linetable=bytes(table))


def _signed(number: int) -> bytes:
    """A number as that table has it: the sign in the lowest bit, six bits a byte, the lowest first."""
    left, found = -number << 1 | 1 if number < 0 else number << 1, bytearray()
    while left > 63:
        found.append(64 | left & 63)
        left >>= 6
    return bytes(found) + bytes([left])


def pack_options(options: t.Mapping[str, t.Any]) -> str:
    """What is asked of a host, which may be long lists."""
    return _packed(json.dumps(options, default=str).encode("ascii"))


def pack_loader(source: str) -> str:
    """The source of this file."""
    return _packed(source.encode("utf-8"))


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode("ascii")


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def run(arguments: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of the module `visit`: the answer to `asked`, and the Python that gave it.

    Where `code` is for another Python, there is only that.
    """
    code: Code = arguments["code"]
    if code["python"] not in (SOURCE, PYTHON):
        return {"python": PYTHON}
    try:
        tempfile.gettempdir()
    except OSError as error:  # all disks are full: probes might stop half-way
        return {"failed": True, "msg": error.strerror}
    use(arguments)
    arrival = importlib.import_module(f"{PACKAGE}._plan.arrival")
    asked = json.loads(_unpacked(arguments["asked"]))
    return {"python": PYTHON, **arrival.run(asked, bool(arguments.get("_ansible_check_mode")))}


def use(arguments: t.Mapping[str, t.Any]) -> None:
    """From now on, import the modules of `code`, which is for this Python or source."""
    code, modules = arguments["code"], _unpacked(arguments["code"]["modules"])
    found = json.loads(modules) if code["python"] == SOURCE else marshal.loads(modules)
    sys.meta_path.insert(0, _Importer(found, {name: arguments[name] for name in ("loader", "code")}))


class _Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules from {name: code or (path, text)}, in the packages that they name.

    `sent` is what they came in, for another process on this host that needs them.
    """

    def __init__(self, modules: t.Mapping[str, t.Any], sent: t.Dict[str, t.Any]) -> None:
        self._modules, self.sent = modules, sent
        # No host has the packages above ours, or it has others.
        parts = PACKAGE.split(".")
        self._above = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}

    def find_spec(
        self, fullname: str, _path: t.Any = None, _target: t.Any = None
    ) -> t.Optional[importlib.machinery.ModuleSpec]:
        known = self._modules.get(fullname)
        if known is None and fullname not in self._above:
            return None
        path = "__init__.py" if known is None else str(getattr(known, "co_filename", None) or known[0])
        return importlib.machinery.ModuleSpec(fullname, self, origin=path, is_package=path.endswith("__init__.py"))

    def exec_module(self, module: ModuleType) -> None:
        known = self._modules.get(module.__name__)
        if isinstance(known, (list, tuple)):
            known = compile(known[1], known[0], "exec", dont_inherit=True)
        if known is not None:
            exec(known, module.__dict__)
