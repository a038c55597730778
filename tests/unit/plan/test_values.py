"""What is refused before anything is asked, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._plan import found, problems, values

ROLE = Path(values.__file__).parents[3] / "roles" / "diagnose"
OWN: dict[str, Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
DEFAULTS = {name: value for name, value in found.settled(OWN, None).items() if name != "found"}
SPEC: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
OPTIONS = SPEC["argument_specs"]["main"]["options"]


def problems_of(**changes: Any) -> list[str]:
    return problems.problems({**DEFAULTS, **changes}, [*DEFAULTS, *changes])


def test_the_defaults_can_be_used() -> None:
    assert problems_of() == []


def test_the_variables_are_those_of_the_role() -> None:
    assert sorted(values.VARIABLES) == sorted(OPTIONS) == sorted(OWN)


def test_an_application_has_its_options_from_the_variables() -> None:
    entry = OPTIONS["diagnose_applications"]["options"]
    assert list(entry) == ["name", *values.OF_APPLICATION]
    for name in values.OF_APPLICATION:
        alike = ("type", "elements", "choices")
        assert {k: entry[name].get(k) for k in alike} == {k: OPTIONS[f"diagnose_{name}"].get(k) for k in alike}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tempo_url": "tempo:3200"}, "diagnose_tempo_url: 'tempo:3200' cannot be used; expected http://HOST:PORT"),
        (
            {"grafana_url": "http://u:hunter2@h:3000"},
            (
                "diagnose_grafana_url: 'http://********@h:3000' cannot be used; expected http://HOST:PORT "
                "(credentials have variables of their own)"
            ),
        ),
        (
            {"process": "unit=shop.service"},
            (
                "diagnose_process cannot be used: it is no dictionary; write -e "
                '\'{"diagnose_process": {"unit": "NAME.service"}}\''
            ),
        ),
        (
            {"process": {"name": "a", "unit": "b.service", "container": ""}},
            "diagnose_process cannot be used: it has name and unit; give one of them",
        ),
        (
            {"client_key": "/etc/key.pem"},
            "diagnose_client_key cannot be used without diagnose_client_cert, its certificate",
        ),
        ({"canaries": 0}, "diagnose_canaries: 0 is not between 1 and 100000"),
        (
            {"fail_on": "always"},
            "diagnose_fail_on: 'always' cannot be used; expected one of critical, warning, never, new, new-warning",
        ),
        (
            {"fail_on": "new"},
            (
                "diagnose_fail_on: new compares with an earlier report, and none was given: name one, or a directory "
                "of them, with diagnose_baseline"
            ),
        ),
        (
            {"docs_url": "javascript:alert(1)"},
            (
                "diagnose_docs_url: 'javascript:alert(1)' cannot be used; expected https://HOST/PATH, "
                "or nothing for no links"
            ),
        ),
        ({"timeout": "nan"}, "diagnose_timeout: nan is not more than 0 and at most 3600 seconds"),
        (
            {"tempo_token": "a b"},
            "diagnose_tempo_token cannot be used; it has a space, a line break or another character that no token has",
        ),
        ({"servce": "shop"}, "diagnose_servce is no variable of this role; did you mean diagnose_service?"),
        (
            {"zzz": 1},
            "diagnose_zzz is no variable of this role (ansible-doc -t role traceops.tracing.diagnose has them all)",
        ),
        ({"applications": {"name": "a"}}, "diagnose_applications cannot be used: it is no list"),
        ({"applications": ["a"]}, "diagnose_applications: entry 1 cannot be used: it is no dictionary"),
        (
            {"applications": [{"name": "a/b"}]},
            (
                "diagnose_applications: entry 1: the name 'a/b' cannot be used; expected letters, digits, spaces, "
                "_.:@()-"
            ),
        ),
        (
            {"applications": [{"name": "cart", "servce": "x"}]},
            "diagnose_applications: cart: there is no servce; did you mean service?",
        ),
        (
            {"applications": [{"name": "cart", "otlp_endpoint": "http//x"}]},
            (
                "diagnose_applications: cart: otlp_endpoint: 'http//x' cannot be used; expected http://HOST:PORT "
                "or HOST:PORT"
            ),
        ),
        (
            {"applications": [{"name": "cart"}, {"name": "cart"}]},
            "diagnose_applications: two entries have the name 'cart'",
        ),
    ],
)
def test_what_can_not_be_used_is_one_sentence(changes: dict[str, Any], words: str) -> None:
    assert problems_of(**{f"diagnose_{name}": value for name, value in changes.items()}) == [words]


def test_what_is_wrong_with_a_host_is_not_said_for_each_application() -> None:
    several = [{"name": "cart", "service": "cart"}, {"name": "stock"}]
    assert len(problems_of(diagnose_tempo_url="tempo:3200", diagnose_applications=several)) == 1


@pytest.mark.parametrize(
    "url", ["http://tempo:65536", "http://tempo:0", "http://tempo:3200\n", "", "http://te mpo", "ftp://tempo:1"]
)
def test_a_url_that_no_request_can_go_to_is_refused(url: str) -> None:
    assert len(problems_of(diagnose_tempo_url=url)) == 1


def test_the_urls_of_tempos_processes_are_urls() -> None:
    (said,) = problems_of(diagnose_tempo_urls={"distributor": "tempo:3200"})
    assert "diagnose_tempo_urls: distributor: 'tempo:3200' cannot be used" in said
    (said,) = problems_of(diagnose_tempo_urls="http://tempo:3200")
    assert "it is no dictionary" in said


def test_what_is_kept_of_variables_has_no_secret() -> None:
    secret = {"diagnose_tempo_password": "s1", "diagnose_grafana_token": "s2", "diagnose_otlp_headers": {"X": "s3"}}
    entries = [{"name": "cart", "otlp_headers": {"X": "s4"}, "service": "cart"}]
    kept = values.without_secrets({**DEFAULTS, **secret, "diagnose_applications": entries})
    assert not any(word in str(kept) for word in ("s1", "s2", "s3", "s4"))
    assert kept["diagnose_applications"] == [{"name": "cart", "otlp_headers": {}, "service": "cart"}]
    assert kept["diagnose_timeout"] == DEFAULTS["diagnose_timeout"]
