# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files: found, opened and read as chunks of bytes, whatever their compression, then cut into blocks of whole lines."""

from __future__ import annotations

import bz2
import codecs
import errno
import fcntl
import glob
import lzma
import os
import re
import select
import shutil
import stat
import subprocess
import typing as t
import zlib

from ansible_collections.traceops.tracing.plugins.module_utils._base import text

CHUNK = 1 << 19
# Of a line that is longer only so many bytes are looked at.
MAX_LINE = 1 << 16
# More lines than this are no piece: what is known of each line that matches takes much more than the line.
_MOST_LINES = 1 << 14
# The longest position that grep writes before a line: two numbers of 20 digits and colons.
_NUMBERS = 48
# What a decompressor may need; `xz -9` needs more.
_DECOMPRESSOR_MEMORY = 24 << 20

# At most 32768 times as much comes out.
_ZSTD_FED = 64

_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux, which fcntl names from Python 3.10 on

MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# app.log.1, app.log.2.gz; app.log-20260219, app.log-2026-02-19.gz
_ROTATED = re.compile(r"(.+?)(?:\.(\d{1,5})|[.-](\d{4}-?\d\d-?\d\d(?:[-T.]?\d{2,6})?))?(?:\.(?:gz|bz2|xz|zst))?")


class Unreadable(Exception):
    """A source cannot be read (any further): `cause` is a word of the probe's list, `message` one sentence."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = text.clean(message)


class Listed(t.NamedTuple):
    """A file that is to be read. Files of one `series` are the rotated parts of one log, the oldest first."""

    path: str
    series: str
    identity: t.Optional[t.Tuple[int, int]]


def listed(paths: t.Sequence[str]) -> t.Tuple[t.List[Listed], t.List[Unreadable]]:
    """The files that `paths` (names or globs) name, in the order in which they are read, and what was not found."""
    found: t.Dict[str, None] = {}
    errors = []
    for each in paths:
        path = os.path.expanduser(each)
        names = [path] if os.path.lexists(path) or not glob.has_magic(path) else sorted(_matching(path))
        if not names:
            errors.append(Unreadable("not_found", f"paths: no file matches '{each}'"))
        found.update(dict.fromkeys(names))
    entries = []
    for name in found:
        series, age = _rotation(name)
        entries.append((series, age, Listed(name, series, identity(name))))
    order = {series: n for n, (series, _age, _listed) in reversed(list(enumerate(entries)))}
    entries.sort(key=lambda entry: (order[entry[0]], entry[1]))
    return [entry[2] for entry in entries], errors


def _matching(pattern: str) -> t.List[str]:
    """What a glob matches; `**` enters no symbolic link: two that lead upwards have more paths than anyone can list."""
    parts = pattern.split(os.sep)
    if "**" not in parts:
        return glob.glob(pattern)
    at = parts.index("**")
    above = os.sep.join(parts[:at]) or (os.sep if at else os.curdir)
    found = []
    for top in glob.glob(above):
        for directory, below, _files in os.walk(top):
            below[:] = [name for name in below if not name.startswith(".")]
            found += _matching(os.path.join(glob.escape(directory), *(parts[at + 1 :] or ["*"])))
    return found


def identity(path: str) -> t.Optional[t.Tuple[int, int]]:
    """What stays the same when a file is renamed; None where there is none (opening it says why)."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _rotation(path: str) -> t.Tuple[str, t.Tuple[int, str, int]]:
    """The log that `path` is a part of, and a key that sorts its parts, the oldest first."""
    directory, name = os.path.split(path)
    match = _ROTATED.fullmatch(name)
    if match is None:
        return path, (2, "", 0)
    base, number, date = match.groups()
    series = os.path.join(directory, base)
    if date:
        return series, (0, date, 0)
    return series, (1, "", -int(number)) if number else (2, "", 0)


class Opened(t.NamedTuple):
    """An open regular file: `size` and `modified` are those of this moment, `form` says how it is read.

    `name` is `path` as it may be shown.
    """

    path: str
    name: str
    fd: int
    size: int
    modified: float
    form: str
    identity: t.Tuple[int, int]


def opened(path: str) -> Opened:
    """Open `path`, or raise Unreadable. Nothing but regular files: reading a pipe or device might never end.

    Nothing else is even opened: who waits for a reader of the pipe would write, and die of it; a tape would rewind.
    """
    name = shown_name(path)
    try:
        _demand_file(os.stat(path), name)
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            _demand_file(status, name)
            head = os.pread(fd, 8, 0)
        except BaseException:
            os.close(fd)
            raise
    except OSError as error:
        cause = {errno.ENOENT: "not_found", errno.EACCES: "permission_denied", errno.EPERM: "permission_denied"}
        kind = "not_a_file" if error.errno in (errno.ENXIO, errno.ENODEV) else "unreadable"
        raise Unreadable(
            cause.get(error.errno or 0, kind), f"{name}: {os.strerror(error.errno or 0).lower()}"
        ) from None
    except ValueError:
        raise Unreadable("unreadable", f"{name}: the path has a NUL") from None
    form = next((name for magic, name in MAGIC if head.startswith(magic)), "plain")
    return Opened(path, name, fd, status.st_size, status.st_mtime, form, (status.st_dev, status.st_ino))


def _demand_file(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "directory" if stat.S_ISDIR(status.st_mode) else "pipe, socket or device"
        raise Unreadable("not_a_file", f"{name}: is a {what}, not a file")


def shown_name(path: str) -> str:
    """A file's name for messages and results: file names are bytes, and anyone may have chosen them."""
    return text.clean(os.fsencode(path).decode("utf-8", "replace"))


def plain_chunks(fd: int, start: int, end: int) -> t.Iterator[bytes]:
    """The bytes of a file from `start` to `end`, or to where it ends by now."""
    while start < end:
        chunk = os.pread(fd, min(CHUNK, end - start), start)
        if not chunk:
            return
        yield chunk
        start += len(chunk)


def decoded_chunks(file: Opened, most: int, left: t.Callable[[], float]) -> t.Iterator[bytes]:
    """The text of a compressed or UTF-16 file as UTF-8; raises Unreadable where it is damaged or exceeds `most`."""
    if file.form == "utf-16":
        yield from _utf16_chunks(file)
        return
    total = 0
    for chunk in _zstd_chunks(file, left) if file.form == "zstd" else _decompressed(file):
        total += len(chunk)
        if total > most:
            raise Unreadable(
                "too_large", f"{file.name}: holds more than {most} bytes (max_decompressed); the rest was not read"
            )
        yield chunk


def _utf16_chunks(file: Opened) -> t.Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for chunk in plain_chunks(file.fd, 0, file.size):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


class _Gzip:
    """zlib's decompressor with the interface of the other two."""

    def __init__(self) -> None:
        self._machine = zlib.decompressobj(wbits=31)
        self.needs_input = True

    def decompress(self, data: bytes, most: int) -> bytes:
        out = self._machine.decompress(self._machine.unconsumed_tail + data, most)
        self.needs_input = not self._machine.unconsumed_tail and len(out) < most
        return out

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data


class _Zstd:
    """The zstandard package with the same interface. It does not bound what it returns, so it is fed little."""

    def __init__(self) -> None:
        import zstandard  # type: ignore[import-not-found,unused-ignore]

        self._machine = zstandard.ZstdDecompressor(max_window_size=_DECOMPRESSOR_MEMORY).decompressobj()
        self._error = zstandard.ZstdError
        self._pending = memoryview(b"")
        self.needs_input = True

    def decompress(self, data: bytes, _most: int) -> bytes:
        waiting = memoryview(data) if data else self._pending
        self._pending = waiting[_ZSTD_FED:]
        self.needs_input = not self._pending
        try:
            return bytes(self._machine.decompress(bytes(waiting[:_ZSTD_FED])))
        except self._error as error:
            raise ValueError(str(error)) from None

    @property
    def eof(self) -> bool:
        return bool(self._machine.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._machine.unused_data) + bytes(self._pending)


_MACHINES: t.Dict[str, t.Callable[[], t.Any]] = {
    "zstd": _Zstd,
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_DECOMPRESSOR_MEMORY),
}


def _decompressed(file: Opened) -> t.Iterator[bytes]:
    """The members of a compressed file, one after the other.

    Chunks may be empty: members and padding of nothing can go on for long, and who asks for chunks knows a time limit.
    """
    machine, between, data, position = _MACHINES[file.form](), True, b"", 0
    try:
        while True:
            if machine.needs_input and not data:
                data = os.pread(file.fd, 1 << 16, position)
                position += len(data)
                if not data and between and position:
                    return
                if not data:
                    raise Unreadable(
                        "damaged", f"{file.name}: ends in the middle ({file.form}); what was before is read"
                    )
            if between:
                data = data.lstrip(b"\0")  # padding between members
                if not data:
                    yield b""
                    continue
            out, data, between = machine.decompress(data, CHUNK), b"", False
            yield out
            if machine.eof:
                machine, between, data = _MACHINES[file.form](), True, machine.unused_data
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        if "emory" in str(error):
            raise Unreadable("too_large", f"{file.name}: needs more memory to decompress than a log may take") from None
        raise Unreadable("damaged", f"{file.name}: is damaged; what was before is read") from None


def _zstd_chunks(file: Opened, left: t.Callable[[], float]) -> t.Iterator[bytes]:
    """A zst file through the zstd program or the zstandard package, whichever is there."""
    program = shutil.which("zstd")
    if program is None:
        try:
            usable = hasattr(_Zstd(), "eof")
        except ImportError:
            usable = False
        if not usable:
            raise Unreadable(
                "library_missing",
                f"{file.name}: needs the zstd program or the Python package 'zstandard' (0.19 or newer) on this host",
            )
        yield from _decompressed(file)
        return
    command = [program, "-dcq", f"--memory={_DECOMPRESSOR_MEMORY}"]
    with subprocess.Popen(command, stdin=file.fd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as child:
        try:
            yield from pipe_chunks(child, left)
        except BaseException:
            child.kill()
            raise
        # The few lines of an error fit the pipe's buffer, so reading them afterwards cannot block the child.
        said = (child.stderr.read(4096) if child.stderr else b"").decode("utf-8", "replace").strip()
        if child.wait() > 0:
            raise Unreadable("damaged", f"{file.name}: is damaged ({text.excerpt(said)}); what was before is read")


def pipe_chunks(child: subprocess.Popen[bytes], left: t.Callable[[], float]) -> t.Iterator[bytes]:
    """What a child writes, as it comes; `left` has the seconds that are left, and raises when none are."""
    if child.stdout is None:
        return
    try:
        fcntl.fcntl(child.stdout, _SET_PIPE_SIZE, CHUNK)
    except OSError:
        pass
    while True:
        if not select.select([child.stdout], [], [], left())[0]:
            continue
        chunk = child.stdout.read(CHUNK)
        if not chunk:
            return
        yield chunk


class Piece(t.NamedTuple):
    """Whole lines, and how many bytes of the source they stand for (more than `raw` has when a line was cut)."""

    raw: bytes
    length: int


def pieces(chunks: t.Iterable[bytes], numbered: bool = False) -> t.Iterator[Piece]:
    """Chunks as pieces of whole lines, the last one with a newline even where the source has none.

    Of a line only MAX_LINE bytes are kept (`numbered`: after the position that grep wrote); a line that
    was cut is a piece of its own, so that positions within a piece are those of the source.
    """
    most = MAX_LINE + (_NUMBERS if numbered else 0)
    carry, lost = b"", 0
    for chunk in chunks:
        if lost:
            newline = chunk.find(b"\n")
            if newline < 0:
                lost += len(chunk)
                continue
            yield Piece(_cut(carry, numbered), len(carry) + lost + newline + 1)
            chunk, carry, lost = chunk[newline + 1 :], b"", 0
        data = carry + chunk
        whole = data.rfind(b"\n") + 1
        if whole:
            for part in _parted(data[:whole]):
                yield from _divided(part, numbered)
        carry = data[whole:]
        if len(carry) > most:
            lost, carry = len(carry) - most, carry[:most]
    if carry:
        yield Piece(_cut(carry, numbered), len(carry) + lost)


def _parted(data: bytes) -> t.Iterator[bytes]:
    """Whole lines, not too many together."""
    if data.count(b"\n") <= _MOST_LINES:
        yield data
        return
    half = len(data) // 2
    middle = (data.rfind(b"\n", 0, half) + 1) or (data.find(b"\n", half) + 1)
    yield from _parted(data[:middle])
    yield from _parted(data[middle:])


def _divided(data: bytes, numbered: bool) -> t.Iterator[Piece]:
    """Whole lines, those that are too long apart."""
    begin = at = 0
    while len(data) - at > MAX_LINE + 1:
        newline = data.rfind(b"\n", at, at + MAX_LINE + 1)
        if newline >= 0:
            at = newline + 1
            continue
        end = data.find(b"\n", at) + 1
        if at > begin:
            yield Piece(data[begin:at], at - begin)
        yield Piece(_cut(data[at : end - 1], numbered), end - at)
        begin = at = end
    if begin < len(data):
        yield Piece(data[begin:], len(data) - begin)


def _cut(line: bytes, numbered: bool) -> bytes:
    position = line.index(b":", line.index(b":") + 1) + 1 if numbered else 0
    return line[: position + MAX_LINE] + b"\n"
