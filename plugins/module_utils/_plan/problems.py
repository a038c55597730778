# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables of the role `diagnose`, as far as no type describes it. Asked on the controller."""

from __future__ import annotations

import difflib
import json
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt
from ansible_collections.traceops.tracing.plugins.module_utils._plan.values import (
    FORMS,
    OF_APPLICATION,
    OF_DISCOVERY,
    OF_HOST,
    OF_PLAYBOOK,
    TOLD,
    URL,
    VARIABLES,
    Values,
    number,
)

# Once for all hosts, each of which is worked on by a process that is forked from this one.
_FORMS = {name: re.compile(form.regex) for name, form in FORMS.items()}
_TEMPO_URL = re.compile(URL)
_CHOICES = {
    "diagnose_fail_on": ("critical", "warning", "never", "new", "new-warning"),
    "diagnose_gate": ("host", "environment", "all", "none"),
    "diagnose_evidence": ("compact", "full"),
}
_DOCS_URL = re.compile(r"(https?|file)://[^\s<>\"]+\Z")
# Given as -e NAME=KEY=VALUE they would pass for dictionaries until they are used.
_DICTIONARIES: t.Dict[str, t.Dict[str, str]] = {
    "process": {"unit": "NAME.service"},
    "otlp_headers": {"Authorization": "Bearer TOKEN"},
}
_TOKEN = re.compile(r"[\x21-\x7e]*\Z")
# A name stands in ids, file names and labels of metrics; no slash, which parts it from its host's.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@() -]{0,99}\Z")


def problems(given: Values, names: t.Iterable[str]) -> t.List[str]:
    """One sentence for each value that cannot be used. No secret is in them.

    `given` are the values of VARIABLES, `names` those of all variables that begin with diagnose_.
    """
    found = [*_unknown(names), *_of_application(_own(given), "diagnose_"), *_of_host(given)]
    return [*found, *_applications(given)]


def _own(given: Values) -> t.Dict[str, t.Any]:
    return {name: given[f"diagnose_{name}"] for name in OF_APPLICATION}


def _unknown(names: t.Iterable[str]) -> t.Iterator[str]:
    for name in sorted({*names} - {*VARIABLES, *OF_PLAYBOOK, *TOLD}):
        near = difflib.get_close_matches(name[len("diagnose_") :], (*OF_APPLICATION, *OF_HOST), 1, 0.6)
        meant = (
            f"; did you mean diagnose_{near[0]}?"
            if near
            else " (ansible-doc -t role traceops.tracing.diagnose has them all)"
        )
        yield f"{name} is no variable of this role{meant}"


def _of_application(values: Values, prefix: str) -> t.Iterator[str]:
    """`prefix` is what the name of a value begins with in a sentence."""
    for name, form in FORMS.items():
        text = str(values[name] if values[name] is not None else "")
        if not (form.may_be_empty and not text) and not _FORMS[name].match(text):
            # A password in a URL is not shown.
            shown = re.sub(r"\s", " ", re.sub(r"(?s)^(\w+://)?.*@", r"\1********@", text))
            hint = " (credentials have variables of their own)" if "@" in text else ""
            yield f"{prefix}{name}: '{shown}' cannot be used; expected {form.expected}{hint}"
    for name, example in _DICTIONARIES.items():
        if not isinstance(values[name], dict):
            words = json.dumps({f"diagnose_{name}": example})
            yield f"{prefix}{name} cannot be used: it is no dictionary; write -e '{words}'"
    if values["client_key"] and not values["client_cert"]:
        yield f"{prefix}client_key cannot be used without {prefix}client_cert, its certificate"
    process = values["process"]
    said = [key for key, value in process.items() if value] if isinstance(process, dict) else []
    if len(said) > 1:
        yield f"{prefix}process cannot be used: it has {' and '.join(said)}; give one of them"


def _of_host(given: Values) -> t.Iterator[str]:
    for name, words in _CHOICES.items():
        if given[name] not in words:
            yield f"{name}: '{excerpt(str(given[name]), 60)}' cannot be used; expected one of {', '.join(words)}"
    if str(given["diagnose_fail_on"]).startswith("new") and not given["diagnose_baseline"]:
        yield (
            "diagnose_fail_on: new compares with an earlier report, and none was given: name one, or a directory "
            "of them, with diagnose_baseline"
        )
    if given["diagnose_docs_url"] and not _DOCS_URL.match(str(given["diagnose_docs_url"])):
        shown = excerpt(str(given["diagnose_docs_url"]), 60)
        yield f"diagnose_docs_url: '{shown}' cannot be used; expected https://HOST/PATH, or nothing for no links"
    if not 1 <= number(given["diagnose_canaries"]) <= 100_000:
        yield f"diagnose_canaries: {given['diagnose_canaries']} is not between 1 and 100000"
    if not 0 < number(given["diagnose_timeout"]) <= 3600:
        yield f"diagnose_timeout: {given['diagnose_timeout']} is not more than 0 and at most 3600 seconds"
    if not 1 <= number(given["diagnose_host_timeout"]) <= 86_400:
        yield f"diagnose_host_timeout: {given['diagnose_host_timeout']} is not between 1 and 86400 seconds"
    yield from _tempo_urls(given["diagnose_tempo_urls"])
    for name in ("diagnose_tempo_token", "diagnose_grafana_token"):
        if not _TOKEN.match(str(given[name])):
            yield f"{name} cannot be used; it has a space, a line break or another character that no token has"


def _tempo_urls(urls: t.Any) -> t.Iterator[str]:
    if not isinstance(urls, dict):
        example = json.dumps({"diagnose_tempo_urls": {"distributor": "http://HOST:3200"}})
        yield f"diagnose_tempo_urls cannot be used: it is no dictionary; write -e '{example}'"
        return
    for name, url in urls.items():
        if not _TEMPO_URL.match(str(url)):
            shown = re.sub(r"\s", " ", re.sub(r"(?s)^(\w+://)?.*@", r"\1********@", str(url)))
            yield f"diagnose_tempo_urls: {name}: '{shown}' cannot be used; expected http://HOST:PORT"


def _applications(given: Values) -> t.Iterator[str]:
    entries = given["diagnose_applications"]
    if not isinstance(entries, list):
        yield "diagnose_applications cannot be used: it is no list"
        return
    own, names = _own(given), []
    known = ("name", *OF_APPLICATION, *OF_DISCOVERY)
    for number_, entry in enumerate(entries, 1):
        where = f"diagnose_applications: entry {number_}"
        if not isinstance(entry, dict):
            yield f"{where} cannot be used: it is no dictionary"
            continue
        name = str(entry.get("name") or "")
        if not _NAME.match(name):
            yield f"{where}: the name '{excerpt(name, 60)}' cannot be used; expected letters, digits, spaces, _.:@()-"
            continue
        names.append(name)
        for key in sorted(str(key) for key in entry if key not in known):
            near = difflib.get_close_matches(key, OF_APPLICATION, 1, 0.7)
            yield f"diagnose_applications: {name}: there is no {key}{f'; did you mean {near[0]}?' if near else ''}"
        # What it has from its host was looked at there.
        changed = {key: value for key, value in entry.items() if key in OF_APPLICATION and value is not None}
        if changed:
            said = set(_of_application(own, ""))
            for words in _of_application({**own, **changed}, ""):
                if words not in said:
                    yield f"diagnose_applications: {name}: {words}"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"diagnose_applications: two entries have the name '{name}'"
