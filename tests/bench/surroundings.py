"""What a benchmark ran on: figures of two machines cannot be compared without it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import typing as t
from pathlib import Path


def environment() -> dict[str, t.Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _line("/proc/cpuinfo", r"model name\s*: (.*)"),
        "memory_mib": int(_line("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) // 1024,
        "os": _line("/etc/os-release", r'PRETTY_NAME="?([^"\n]*)'),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ansible_core": importlib.metadata.version("ansible-core"),
        "commit": os.environ.get("TRACEOPS_COMMIT", ""),  # of the checkout: this tree is a copy
        "load_before": load(),
    }


def load() -> list[float]:
    """The load average of the last 1, 5 and 15 minutes."""
    return [round(each, 2) for each in os.getloadavg()]


def _line(path: str, regex: str) -> str:
    try:
        found = re.search(regex, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return ""
    return found.group(1).strip() if found else ""
