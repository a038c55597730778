"""Run a lab until SIGTERM or SIGINT: `python -m tests.lab --fault wrong-protocol`, in the collection's tree."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading

from ansible_collections.traceops.tracing.tests.lab import Lab
from ansible_collections.traceops.tracing.tests.lab.faults import FAULTS
from ansible_collections.traceops.tracing.tests.lab.grafana_api import PROFILES as GRAFANAS
from ansible_collections.traceops.tracing.tests.lab.tempo import PROFILES as TEMPOS

PORTS = {"tempo": 3200, "grafana": 3000, "otlp_grpc": 4317, "otlp_http": 4318}


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port: 0 to 65535")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--tempo", choices=TEMPOS, default="2.10.8")
    parser.add_argument("--grafana", choices=GRAFANAS, default="13.1.0-pre")
    parser.add_argument("--fault", choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--list-faults", action="store_true")
    parser.add_argument("--protocol", choices=("grpc", "http/protobuf"), default="http/protobuf")
    parser.add_argument("--directory", help="for the application's log and variables.json (default: a new one)")
    for name, port in PORTS.items():
        flag = f"--{name.replace('_', '-')}-port"
        parser.add_argument(flag, type=_port, default=port, metavar="PORT", help=f"default {port}; 0: any free port")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    if arguments.list_faults:
        for fault in FAULTS.values():
            print(f"{fault.name:30}{fault.summary}")
        return 0
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: done.set())
    directory = arguments.directory or tempfile.mkdtemp(prefix="traceops-lab-")
    ports = {name: getattr(arguments, f"{name}_port") for name in PORTS}
    try:
        lab = Lab(
            arguments.tempo,
            arguments.grafana,
            arguments.fault,
            directory=directory,
            ports=ports,
            protocol=arguments.protocol,
        )
    except OSError as error:
        where = f" ({error.filename})" if error.filename else "; choose other ports (0: any free one)"
        print(f"the lab cannot start: {error.strerror or error}{where}", file=sys.stderr)
        return 2
    with lab:
        lab.run_app()
        urls = {"tempo": lab.tempo_url, "grafana": lab.grafana_url}
        urls.update(otlp_grpc=lab.otlp_grpc, otlp_http=lab.otlp_http)
        print(json.dumps({"urls": urls, "log": lab.log_path, "variables": lab.variables}), flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
