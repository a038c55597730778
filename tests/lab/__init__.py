"""An embedded tracing stack: see `Lab`."""

from ansible_collections.traceops.tracing.tests.lab.lab import Lab

__all__ = ["Lab"]
