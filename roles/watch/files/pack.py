# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs what a host needs of this collection to run the diagnosis: `pack.py COLLECTION ARCHIVE` prints the digest.

The same files give the same archive, so that a host gets a new one only when something changed. The last file in
it is `.packed`: where that is, everything was unpacked.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import tarfile

PARTS = ("MANIFEST.json", "galaxy.yml", "meta", "playbooks", "plugins", "roles", "requirements.txt")
NAMESPACE = "ansible_collections/traceops/tracing"


def pack(collection: str, archive: str) -> str:
    """Write `archive` (tar.gz) from the folder `collection`; its SHA-256."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in _files(collection):
            with open(path, "rb") as file:
                _add(tar, os.path.relpath(path, collection), file.read())
        _add(tar, ".packed", b"")
    with open(archive, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as zipped:
        zipped.write(raw.getvalue())
    return hashlib.sha256(raw.getvalue()).hexdigest()


def _files(collection: str) -> list[str]:
    found = []
    for part in PARTS:
        top = os.path.join(collection, part)
        if os.path.isfile(top):
            found.append(top)
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if name not in ("__pycache__", "collections"))
            found += [os.path.join(folder, name) for name in sorted(names) if not name.endswith(".pyc")]
    return found


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(f"{NAMESPACE}/{name}")
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


if __name__ == "__main__":
    print(pack(sys.argv[1], sys.argv[2]))
