# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role `diagnose` plans with; each is documented in a YAML file of its name.

What they take of a host are its variables as Ansible has them, of which each looks at a few: `__diagnose_planned` (of
`diagnose_plan`) and the results `__diagnose_before`, `__diagnose_seen` and `__diagnose_answers` of its visits.
"""

from __future__ import annotations

import datetime
import os
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._plan import backends, found, values, visit
from ansible_collections.traceops.tracing.plugins.module_utils._plan.applications import Planned, applications, planned

Vars = t.Mapping[str, t.Any]


def diagnose_plan(given: Vars, host: str, run: str = "") -> t.Dict[str, t.Any]:
    """What is wrong with the variables of a host, and its applications."""
    problems = values.problems(given, [name for name in given if name.startswith("diagnose_")])
    return {"problems": problems, "host": None if problems else planned(given, host, run)}


def diagnose_look(given: Vars) -> t.Dict[str, t.Any]:
    """What the look around asks."""
    return visit.looking(given)


def diagnose_offers(everyone: t.Iterable[Vars]) -> t.Dict[str, found.Offer]:
    """What the looks around of all hosts found, in the words of the role's variables."""
    looked = {str(own["inventory_hostname"]): visit.discovered(own.get("__diagnose_looked")) for own in everyone}
    return found.offers(
        {host: each[visit.LOOK] for host, each in looked.items() if each and each[visit.LOOK].get("ok")}
    )


def diagnose_settled(
    given: Vars, host: str, offers: t.Optional[t.Mapping[str, found.Offer]] = None
) -> t.Dict[str, t.Any]:
    """The variables of a host with what was found in the place of what nobody gave."""
    return found.settled(given, (offers or {}).get(host))


def diagnose_backends(everyone: t.Iterable[Vars], run: str, seen: bool = False) -> t.Dict[str, backends.Backend]:
    """The backends of the hosts of this run, or of those that could be looked at."""
    hosts = _planned(everyone, run)
    return backends.backends(
        {
            name: own["__diagnose_planned"]
            for name, own in hosts.items()
            if not seen or visit.missing(_seen(own)) is None
        }
    )


def diagnose_counting(given: Vars, host: str, known: t.Mapping[str, backends.Backend]) -> t.Dict[str, t.Any]:
    """What a host asks before anybody sends; empty for all but one host of a backend."""
    return backends.counting(given, host, known)


def diagnose_visit(
    given: Vars, host: str, run: str, known: t.Mapping[str, backends.Backend], hostvars: t.Mapping[str, Vars]
) -> t.Dict[str, t.Any]:
    """What a host is asked in its visit."""
    counted = {
        name: _counted(backends.backend_id(its, host), known, hostvars) for name, its in applications(given).items()
    }
    return visit.probes(given, host, run, counted)


def diagnose_questions(
    given: Vars,
    host: str,
    run: str,
    known: t.Mapping[str, backends.Backend],
    reached: t.Mapping[str, backends.Backend],
    hostvars: t.Mapping[str, Vars],
) -> t.Dict[str, t.Any]:
    """What a host asks the backends for all; empty for all but one host of a backend."""
    asked = []
    for backend_id in backends.asked_by(host, backends.own_backends(given, host), reached):
        backend = reached[backend_id]
        hosts = {name: _evidence(hostvars[name]) for name in backend["hosts"]}
        asked.append(backends.Asked(backend_id, backend, hosts, _counted(backend_id, known, hostvars)))
    return backends.questions(given, host, run, asked, datetime.datetime.now(datetime.timezone.utc)) if asked else {}


def diagnose_place(others: t.Iterable[Vars], run: str, report_dir: str) -> t.Dict[str, t.Any]:
    """Where the report of this batch goes, and which hosts of the play were diagnosed in earlier batches."""
    earlier = {
        str(own["inventory_hostname"]): own["__diagnose_planned"]["run"]
        for own in others
        if "__diagnose_planned" in own and own["__diagnose_planned"]["run"] != run
    }
    number = len(set(earlier.values())) + 1
    directory = os.path.join(report_dir, f"batch-{number}") if report_dir and number > 1 else report_dir
    return {"report_dir": directory, "earlier": sorted(earlier)}


def diagnose_evidence(
    everyone: t.Iterable[Vars], run: str, reached: t.Mapping[str, backends.Backend], what: str
) -> t.Dict[str, t.Any]:
    """The evidence of all hosts, or of all backends."""
    hosts = _planned(everyone, run)
    if what == "hosts":
        return {name: _evidence(own) for name, own in hosts.items()}
    answered = {}
    for name, own in hosts.items():
        ids = backends.asked_by(name, _backends(own), reached)
        answers = own.get("__diagnose_answers", {}) if ids else {}
        for backend_id in ids:
            told = {
                label: result
                for label in backends.OF_BACKEND
                for result in [visit.told(answers.get("evidence"), label, backend_id, len(ids) > 1)]
                if result is not None
            }
            if told:
                settings = _settings(own["__diagnose_planned"], backend_id)
                answered[backend_id] = backends.evidence(reached[backend_id], settings, told)
    return answered


def _planned(everyone: t.Iterable[Vars], run: str) -> t.Dict[str, Vars]:
    """The hosts that were planned in this run: in a rescue not all of the play are."""
    return {
        str(own["inventory_hostname"]): own
        for own in everyone
        if "__diagnose_planned" in own and own["__diagnose_planned"]["run"] == run
    }


def _seen(own: Vars) -> t.Any:
    """The result of the host's visit, or of what came before it, when it was not reached for that."""
    for earlier in (own.get("__diagnose_looked", {}), own.get("__diagnose_before", {})):
        if earlier and visit.missing(earlier) and not earlier.get("skipped"):
            return earlier
    return own.get("__diagnose_seen", {})


def _evidence(own: Vars) -> t.Dict[str, t.Any]:
    return visit.evidence(own["__diagnose_planned"], _seen(own), own.get("__diagnose_looked"))


def _backends(own: Vars) -> t.List[str]:
    return [its["backend"] for its in own["__diagnose_planned"]["applications"].values()]


def _settings(host: Planned, backend_id: str) -> t.Dict[str, t.Any]:
    its = next((each for each in host["applications"].values() if each["backend"] == backend_id), None)
    return {**host["settings"], **(its["settings"] if its else {})}


def _counted(
    backend_id: str, known: t.Mapping[str, backends.Backend], hostvars: t.Mapping[str, Vars]
) -> t.Optional[t.Dict[str, t.Any]]:
    if backend_id not in known:
        return None
    asker = known[backend_id]["hosts"][0]
    own = hostvars[asker]
    before = own.get("__diagnose_before", {})
    return backends.counted(before, backends.asked_by(asker, _backends(own), known), backend_id)


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {
            "diagnose_look": diagnose_look,
            "diagnose_offers": diagnose_offers,
            "diagnose_settled": diagnose_settled,
            "diagnose_plan": diagnose_plan,
            "diagnose_backends": diagnose_backends,
            "diagnose_counting": diagnose_counting,
            "diagnose_visit": diagnose_visit,
            "diagnose_questions": diagnose_questions,
            "diagnose_evidence": diagnose_evidence,
            "diagnose_place": diagnose_place,
        }
