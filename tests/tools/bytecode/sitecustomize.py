"""Keeps the bytecode of what Python imports from zip files, where it keeps that of other files (PYTHONPYCACHEPREFIX).

Ansible sends each module as a zip with all that it imports, which Python compiles anew in each task: about half of a
task's processor time. Test runs have this folder on PYTHONPATH (Makefile); nothing else has.
"""

from __future__ import annotations

import sys


def keep(directory: str) -> None:
    """Compile no source a second time; what was compiled lies in `directory`, by the source's content."""
    import _imp
    import marshal
    import os
    import zipimport

    compile_source = zipimport._compile_source  # since Python 3.8

    def compiled(path, source):
        kept = f"{directory}/{len(source)}-{_imp.source_hash(0, source).hex()}"
        try:
            with open(kept, "rb") as file:
                return marshal.loads(file.read())
        except (OSError, EOFError, ValueError, TypeError):
            pass
        code = compile_source(path, source)
        try:
            os.makedirs(directory, exist_ok=True)
            with open(f"{kept}.{os.getpid()}", "wb") as file:
                file.write(marshal.dumps(code))
            os.replace(file.name, kept)
        except OSError:
            pass  # where nothing can be kept, it is compiled each time
        return code

    zipimport._compile_source = compiled


if sys.pycache_prefix:
    keep(f"{sys.pycache_prefix}/zip-{sys.implementation.cache_tag}")
