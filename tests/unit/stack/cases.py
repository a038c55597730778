"""The settings that the golden files were made with: each variant for each version of Tempo."""

from __future__ import annotations

import typing as t

VERSIONS = ("2.3.1", "2.7.2", "2.10.8", "3.0.3")
VARIANTS: t.Dict[str, t.Dict[str, t.Any]] = {
    "single": {},
    "multi-tenant": {"stack_tenants": ["shop", "bank"]},
    "s3": {
        "stack_tempo": {
            "storage": "s3",
            "s3": {"bucket": "traces", "endpoint": "minio:9000", "insecure": True, "path_style": True},
        },
        "stack_s3_access_key": "velo",
        "stack_s3_secret_key": "k3y: {not yaml}",
    },
    "generator": {"stack_prometheus": {"enabled": True}},
    "tls": {"stack_tls": {"otlp_certificate": "/pki/otlp.crt", "otlp_key": "/pki/otlp.key"}},
}
CASES = [(version, variant) for version in VERSIONS for variant in VARIANTS]


def settings(version: str, variant: str) -> t.Dict[str, t.Any]:
    """The user's variables of a case."""
    given = VARIANTS[variant]
    return {**given, "stack_tempo": {**given.get("stack_tempo", {}), "version": version}}
