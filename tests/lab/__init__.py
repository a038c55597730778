"""An embedded tracing stack for tests and the demo: one process, no root, loopback only.

    with Lab(fault="grafana-wrong-url", directory=tmp_path) as lab:
        lab.run_app()
        ...  # lab.tempo_url, lab.grafana_url, lab.store, lab.log_path, lab.variables

`Tempo` and `Grafana` can also be used by themselves, with TLS, credentials, limits and tenants. What they answer
is held to recordings of the real ones by tests/contract/test_lab_*.py. A new fault is one function in faults.py.
"""

from ansible_collections.traceops.tracing.tests.lab.grafana_api import Grafana
from ansible_collections.traceops.tracing.tests.lab.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.tempo import Tempo

__all__ = ["Grafana", "Lab", "Tempo"]
