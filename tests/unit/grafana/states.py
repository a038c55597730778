"""What each recorded state of a data source is to be called, by version of Grafana and uid."""

from __future__ import annotations

from ansible_collections.traceops.tracing.tests.unit.grafana.recorded import VERSIONS

OLD, MIDDLE, NEW = VERSIONS

# version, data source: cause, reason, the form of the proxy's path that works
STATES: dict[tuple[str, str], tuple[str, str | None, str]] = {
    (OLD, "tempo"): ("ok", None, "id"),
    (OLD, "tempobad"): ("datasource_unreachable", "unknown", "id"),
    (OLD, "tempodns"): ("datasource_unreachable", "unknown", "id"),
    (OLD, "tempotype"): ("wrong_type", None, "id"),
    (OLD, "tempowrong"): ("points_at_grafana", None, "id"),
    (MIDDLE, "tempo"): ("ok", None, "uid"),
    (MIDDLE, "tempobad"): ("datasource_unreachable", "unknown", "uid"),
    (MIDDLE, "tempodns"): ("datasource_unreachable", "unknown", "uid"),
    (MIDDLE, "tempotype"): ("wrong_type", None, "uid"),
    (MIDDLE, "tempowrong"): ("points_at_grafana", None, "uid"),
    (MIDDLE, "tnotenant"): ("tenant_missing", None, "uid"),
    (MIDDLE, "t-tenant"): ("ok", None, "id"),  # by uid, 9.4 answers 404 for a uid with a hyphen
    (MIDDLE, "tstreamon"): ("ok", None, "uid"),
    (MIDDLE, "tstreamoff"): ("ok", None, "uid"),  # 9.4 does not stream
    (MIDDLE, "tstreamten"): ("tenant_missing", None, "uid"),
    (MIDDLE, "tgrpcport"): ("datasource_unreachable", "unknown", "uid"),
    (MIDDLE, "totlphttp"): ("not_tempo", None, "uid"),
    (MIDDLE, "tpath"): ("wrong_path", None, "uid"),
    (MIDDLE, "tintgrpc"): ("datasource_unreachable", "unknown", "uid"),
    (NEW, "tempo"): ("ok", None, "uid"),
    (NEW, "tempobad"): ("datasource_unreachable", "connection_refused", "uid"),
    (NEW, "tempodns"): ("datasource_unreachable", "dns_failure", "uid"),
    (NEW, "tempotype"): ("wrong_type", None, "uid"),
    (NEW, "tempowrong"): ("points_at_grafana", None, "uid"),
    (NEW, "tnotenant"): ("tenant_missing", None, "uid"),
    (NEW, "t-tenant"): ("ok", None, "uid"),
    (NEW, "tstreamon"): ("ok", None, "uid"),
    (NEW, "tstreamoff"): ("streaming_off", None, "uid"),
    (NEW, "tstreamten"): ("tenant_missing", None, "uid"),
    (NEW, "tgrpcport"): ("datasource_unreachable", "wrong_protocol", "uid"),
    (NEW, "totlphttp"): ("not_tempo", None, "uid"),
    (NEW, "tpath"): ("wrong_path", None, "uid"),
    (NEW, "tintgrpc"): ("datasource_unreachable", "wrong_protocol", "uid"),
}

# In these states the trace that was asked for is not behind the data source.
WITHOUT_TRACE = {(MIDDLE, "t-tenant"), (MIDDLE, "tstreamoff"), (NEW, "t-tenant")}
