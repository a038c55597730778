"""Other people's OTLP receivers as peers of the tests: the OpenTelemetry Collector and rotel."""
