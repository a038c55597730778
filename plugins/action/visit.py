# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the visit of a host from its variables, runs it, and keeps what came of it for the verdict.

Every host of a task is worked on by a process of its own, forked from the one that has loaded this file: what is
imported here is imported once.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import typing as t

import yaml
from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base import packed
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.spec import switch
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import stored
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.labels import LABELS
from ansible_collections.traceops.tracing.plugins.module_utils._plan import (
    applications,
    arrival,
    backends,
    found,
    gathering,
    problems,
    store,
    values,
    visit,
)
from ansible_collections.traceops.tracing.plugins.module_utils._plan.asked import OF_APPLICATION, OF_BACKEND, OF_HOST
from ansible_collections.traceops.tracing.plugins.module_utils._probe.logs import profiles
from ansible_collections.traceops.tracing.plugins.plugin_utils import packing, runs, terminal
from ansible_collections.traceops.tracing.plugins.plugin_utils.limits import TookTooLong, limited

STEPS = ("visit", "gather", "follow_up", "ask")
ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "step": {"type": "str", "required": True, "choices": list(STEPS)},
    "host": {"type": "str"},
}
_SPECIFICATION = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 2, "roles", "diagnose", "meta", "argument_specs.yml"
)
# What of a module's failure is kept: it tells why a host could not be looked at.
_WHY = ("unreachable", "failed", "skipped", "msg", "module_stderr", "module_stdout", "rc")
_SHARED_WAIT = 15.0  # seconds: how long another host's count is waited for, before the next one counts
_COUNTERS = 3  # hosts that try to count for all
_PATTERNS: t.Dict[str, t.Dict[str, t.Any]] = {}


def _specification() -> t.Dict[str, t.Any]:
    with open(_SPECIFICATION, encoding="utf-8") as file:
        options: t.Dict[str, t.Any] = yaml.safe_load(file)["argument_specs"]["main"]["options"]
    return options


_OPTIONS = _specification()
_LOADER = packing.loader()
_OF_VISIT = sorted({LABELS[label].probe for label in (*OF_HOST, *OF_APPLICATION)})
_OF_BACKEND = sorted({LABELS[label].probe for label in OF_BACKEND})


class _Refused(Exception):
    """A host cannot be visited as its variables are; the message says why."""


class ActionModule(ActionBase):
    """The `visit` action."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        self._task._ds = None  # the role's own source tells nobody why a host was not reached
        _unused, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        self._vars = task_vars or {}
        self._host = str(self._vars.get("inventory_hostname", ""))
        result["changed"] = False
        if terminal.display.verbosity == 1:
            result["_ansible_verbose_override"] = True
        try:
            return {**result, **getattr(self, f"_{options['step']}")(options)}
        except (_Refused, BadOption, stored.BadReport) as error:
            return {**result, "failed": True, "msg": str(error)}
        except OSError as error:
            where = error.filename or C.DEFAULT_LOCAL_TMP
            return {**result, "failed": True, "msg": f"what hosts told cannot be kept in {where} ({error.strerror})"}

    # --- the steps

    def _visit(self, _options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """Visit this host, or look around on it where it depends on others what it is asked."""
        given = self._given()
        began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        self._store = store.arrive(C.DEFAULT_LOCAL_TMP, runs.key(self._task), self._host, secrets.token_hex(32), began)
        self._check_baseline(given)
        return self._reach(given, None, switch(given["diagnose_discover"]))

    def _gather(self, _options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """Who is to be visited again and who asks which backend, when all hosts were visited."""
        self._store = self._current()
        if not runs.becomes_last(self._task, self._store, self._vars, self._host):
            return {"hosts": {}, "over": True}
        left = gathering.gathered(self._store)
        # Not a list: each host looks for itself in it.
        hosts = {**dict.fromkeys(left["asking"], "ask"), **dict.fromkeys(left["again"], "visit")}
        # Where hosts do not wait for each other, those that are to ask have gone on: the last one does.
        over = not left["again"] and (runs.together(self._task) or not left["asking"])
        return {"hosts": hosts, "over": over}

    def _follow_up(self, _options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """What is left for this host: to be visited with what others found, or to ask its backends for all."""
        self._store = self._current()
        again = self._store.settled(f"visit {self._host} again")
        if again is not None:
            return self._reach(self._given(), again["offer"], False)
        return self._ask_for_all(self._host, self._given(), self._store.settled(f"asks {self._host}") or {})

    def _ask(self, options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """Ask the backends that nobody has asked yet from the host that is named, to which the task is delegated."""
        self._store = self._current()
        host = str(options["host"])
        return self._ask_for_all(host, self._store.given(host), self._store.settled(f"asks {host}") or {})

    # --- a host

    def _given(self) -> t.Dict[str, t.Any]:
        """The variables of the role as this host has them; _Refused where one cannot be used."""
        found_: t.Dict[str, t.Any] = {}
        for name in values.VARIABLES:
            try:
                found_[name] = self._templar.template(self._vars.get(name))
            except AnsibleError as error:
                raise _Refused(f"{name} cannot be used: {str(error).splitlines()[0]}") from None
        plain: t.Dict[str, t.Any] = json.loads(json.dumps(found_, default=str))
        known = {name: value for name, value in plain.items() if name in _OPTIONS}
        wrong = ArgumentSpecValidator(_OPTIONS).validate(known, validate_role_argument_spec=True).error_messages
        if wrong:
            raise _Refused("; ".join(wrong))
        names = [str(name) for name in self._vars if str(name).startswith("diagnose_")]
        wrong = problems.problems(found.settled(plain, None), names)
        if wrong:
            raise _Refused("; ".join(wrong))
        return plain

    def _reach(self, given: t.Dict[str, t.Any], offer: t.Optional[found.Offer], look: bool) -> t.Dict[str, t.Any]:
        """Run what this host is asked, and keep what came of it, whatever that is."""
        earlier = self._store.host(self._host) or {}
        # The credentials are for a task that is another host's: `ask`, of which nobody knows yet whether it comes.
        for_others = bool(earlier) or not runs.together(self._task)
        self._store.keep(self._host, given if for_others else values.without_secrets(given))
        planned = applications.planned(found.settled(given, offer), self._host, self._store.run["run"])
        entry: store.Entry = {"planned": planned, "offer": offer, "looked": earlier.get("looked"), "seen": None}
        only_look = switch(given["diagnose_only_discover"])
        at_once = offer is None and not only_look and (not look or self._is_complete(given))
        phase = "visited" if offer is not None or at_once else "looked around"
        watched = terminal.Watched(phase, self._host, self._hosts(), self._store.run["run"])
        try:
            with watched, limited(values.number(given["diagnose_host_timeout"])):
                if phase == "visited":
                    self._visited(given, entry, look)
                else:
                    seen = self._arrived(given, look=look) if look else {"evidence": {}}
                    entry.update(looked=self._looked(seen), seen=gathering.LOOKED_ONLY)
        except AnsibleConnectionFailure as error:
            entry["seen"] = {"unreachable": True, "msg": str(error)}
            raise
        except TookTooLong:
            limit = values.number(given["diagnose_host_timeout"])
            entry["seen"] = {"failed": True, "msg": f"no answer within {limit:g} s (diagnose_host_timeout)"}
        except AnsibleError as error:
            entry["seen"] = {"failed": True, "msg": str(error)}
        finally:
            entry["at_once"] = at_once
            if entry["looked"] and visit.missing(entry["looked"]) and entry["seen"] == gathering.LOOKED_ONLY:
                entry["seen"] = entry["looked"]
            if entry["seen"] is not None:  # else an option is refused
                self._store.put(self._host, entry)
        missing = visit.missing(entry["seen"]) if entry["seen"] != gathering.LOOKED_ONLY else None
        return {"msg": missing["reason"]} if missing else {}

    def _visited(self, given: t.Dict[str, t.Any], entry: store.Entry, look: bool) -> None:
        """The visit, with what comes before it for all that share a Tempo, and the questions of a Tempo of its own."""
        alone = self._is_alone()
        offer = entry["offer"]
        places = [] if alone else list(backends.places(found.settled(given, offer), self._host))
        local = [each for each in places if applications.is_local(each)]
        shared: t.Dict[str, t.Any] = {}
        for place in (each for each in places if each not in local):
            turn = self._turn_to_count(place)
            if turn:
                offer, look = self._count_for_all(given, entry, (place, turn), offer, look)
            shared[place] = self._store.settled(place) or {}
        seen = self._arrived(
            given,
            look=look,
            offer=offer,
            count=[arrival.EVERY] if alone else local,
            counted={place: known["counted"] for place, known in shared.items() if known.get("counted")},
            visit=True,
        )
        if look:
            entry["looked"] = self._looked(seen)
        entry["seen"] = _kept(seen)
        if visit.missing(seen) is not None:
            return
        # Planned here as well: in what comes back from a host, each text that is like a password is masked.
        own_values = found.settled(given, seen["offer"])
        planned = applications.planned(own_values, self._host, self._store.run["run"])
        entry.update(planned=planned, offer=seen["offer"])
        if alone or local:
            known = [each for each in backends.counting(own_values, self._host) if alone or each in local]
            for place, counted in zip(known, seen["counted"]):
                self._store.settle(place, {"host": self._host, "counted": counted})
        every = gathering.own_backends(planned, self._host)
        own = {each: backend for each, backend in every.items() if alone or applications.is_local(each)}
        if own:
            self._store.put(self._host, entry)
            self._ask_for_all(self._host, given, own)

    def _turn_to_count(self, place: str) -> str:
        """The claim with which this host counts what a Tempo has; "" where another one does, who is waited for."""
        for number in range(_COUNTERS):
            turn = f"{place}, {number}"
            if self._store.claim(turn):
                return turn
            if self._store.settled(turn, _SHARED_WAIT):
                break
        return ""

    def _count_for_all(
        self,
        given: t.Dict[str, t.Any],
        entry: store.Entry,
        place_and_turn: t.Tuple[str, str],
        offer: t.Optional[found.Offer],
        look: bool,
    ) -> t.Tuple[t.Optional[found.Offer], bool]:
        """Count what this Tempo has, for all hosts that wait; what is found meanwhile is not looked for again."""
        (place, turn), counted = place_and_turn, None
        try:
            seen = self._arrived(given, look=look, offer=offer, count=[place])
            counted = next(iter(seen.get("counted") or []), None)
            if counted is not None:
                self._store.settle(place, {"host": self._host, "counted": counted})
        finally:
            self._store.settle(turn, counted is not None)
        if visit.missing(seen) is not None or not look:
            return offer, look
        entry.update(looked=self._looked(seen), offer=seen["offer"])
        return seen["offer"], False

    def _arrived(self, given: t.Dict[str, t.Any], **asked: t.Any) -> t.Dict[str, t.Any]:
        """The result of the module on the host; BadOption where it refuses an option."""
        of_visit = {name: value for name, value in given.items() if name not in values.OF_REPORT}
        logs = self._patterns(given, bool(asked.get("look") or asked.get("offer"))) if asked.get("visit") else []
        run = self._store.run["run"]
        probes = [*_OF_VISIT, *(["balance"] if asked.get("count") else [])]
        return self._asked(probes, {"host": self._host, "run": run, "given": of_visit, "patterns": logs, **asked})

    def _asked(self, probes: t.Sequence[str], asked: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """What the host's own side answers (`_plan/arrival.py`), which may run these probes.

        BadOption where it refuses an option. Compiled code is sent where hosts are known to have our Python.
        """
        known = f"python {self._vars.get('ansible_python_interpreter')}"
        theirs = self._store.settled(known)
        result = self._sent(probes, theirs == packed.PYTHON, asked)
        python = result.get("python")
        if python and theirs is None:
            if python == packed.PYTHON:
                self._code(_OF_VISIT, True)  # before others look for it, who go on with source until then
            self._store.settle(known, python)
        elif python and theirs == packed.PYTHON != python:
            self._store.settle(known, "several")
            result = self._sent(probes, False, asked)
        if result.get("refused"):
            raise BadOption(str(result["refused"]))
        return result

    def _sent(self, probes: t.Sequence[str], compiled: bool, asked: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        code = self._code(probes, compiled)
        arguments = {"loader": _LOADER, "code": code, "asked": packed.pack_options(asked)}
        try:
            result: t.Dict[str, t.Any] = self._execute_module(
                "traceops.tracing.visit", module_args=arguments, task_vars=self._vars
            )
        except AnsibleError:
            raise
        except Exception as error:  # of a connection or strategy plugin, which have their own (mitogen, paramiko)
            said = str(error).strip() or type(error).__name__
            raise AnsibleError(f"no module can be run there: {said.splitlines()[0]}") from None
        return result

    def _code(self, probes: t.Sequence[str], compiled: bool) -> packed.Code:
        words = f"{'compiled' if compiled else 'source'} {' '.join(probes)}"
        code: packed.Code = self._store.once(words, lambda: packing.for_probes(probes, compiled), _SHARED_WAIT)
        return code

    def _looked(self, seen: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        if visit.missing(seen) is not None:
            return _kept(seen)
        return {"evidence": visit.discovered(seen)}

    def _patterns(self, given: t.Mapping[str, t.Any], found_too: bool) -> t.List[t.Dict[str, t.Any]]:
        """The patterns of the log profiles that the host may need."""
        asked = [([*map(str, each[0])], [*map(str, each[1])]) for each in visit.logs(given, found_too)]
        known: t.Dict[str, t.Dict[str, t.Any]] = {}
        for names, directories in asked:
            words = json.dumps([names, directories])
            if words not in known:
                patterns = _resolved(names, directories, self._loader.path_dwim)
                known[words] = {"of": [names, directories], "patterns": patterns}
        return list(known.values())

    # --- a backend

    def _ask_for_all(
        self, host: str, given: t.Mapping[str, t.Any], known: t.Mapping[str, backends.Backend]
    ) -> t.Dict[str, t.Any]:
        """Ask these backends from `host`, whose variables are `given`, for all hosts that share them."""
        if not known:
            return {}
        probes, ids = gathering.questions(self._store, host, given, known), list(known)
        limit = values.number(given["diagnose_host_timeout"])
        try:
            with terminal.Watched("asked", host, 0, self._store.run["run"], probes), limited(limit * len(ids)):
                result = self._asked(_OF_BACKEND, {"probes": probes})
        except TookTooLong:
            result = {"failed": True, "msg": f"no answer within {limit * len(ids):g} s (diagnose_host_timeout)"}
        except AnsibleError as error:
            result = {"failed": True, "msg": str(error)}
        for backend_id, labels in gathering.answers(ids, result).items():
            self._store.ask(backend_id, {"labels": labels})
        missing = visit.missing(result)
        return {"msg": missing["message"]} if missing else {}

    # --- the run

    def _is_alone(self) -> bool:
        return len(self._vars.get("ansible_play_hosts_all") or []) == 1

    def _is_complete(self, given: t.Mapping[str, t.Any]) -> bool:
        """Whether it is known without other hosts which Tempo and Grafana the host is asked about."""
        return self._is_alone() or not runs.together(self._task) or found.is_complete(given)

    def _hosts(self) -> int:
        return len(self._vars.get("ansible_play_batch") or [])

    def _current(self) -> store.Store:
        known = store.current(C.DEFAULT_LOCAL_TMP, runs.key(self._task))
        if known is None:
            raise _Refused("no host was visited")
        return known

    def _check_baseline(self, given: t.Mapping[str, t.Any]) -> None:
        """Refuse an earlier report that cannot be compared with, once for all and before any host is visited."""
        baseline = str(given["diagnose_baseline"] or "")
        if not baseline:
            return
        limit = values.number(given["diagnose_host_timeout"])
        problem = self._store.once(f"baseline {baseline}", lambda: _problem_of(baseline), limit)
        if problem:
            raise _Refused(problem)


def _kept(seen: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What of a module's result is kept: its evidence, or why there is none."""
    if visit.missing(seen) is not None:
        return {name: seen[name] for name in _WHY if name in seen}
    return {"evidence": {label: result for label, result in seen["evidence"].items() if label != visit.LOOK}}


def _problem_of(baseline: str) -> str:
    """Why this report cannot be compared with; "" where it can."""
    try:
        stored.read(stored.latest(os.path.abspath(os.path.expanduser(baseline))))
    except stored.BadReport as error:
        return f"diagnose_baseline: {error}"
    return ""


def _resolved(names: t.List[str], directories: t.List[str], find: t.Callable[[str], str]) -> t.Dict[str, t.Any]:
    """The patterns of these profiles; those of the collection's own are read once, before hosts are visited."""
    words = json.dumps(names)
    if directories or words not in _PATTERNS:
        own: t.Dict[str, t.Any] = profiles.resolve(
            {"profiles": names, "profile_dirs": directories}, find, C.DEFAULT_LOCAL_TMP
        )["patterns"]
        return own
    return _PATTERNS[words]


for _names in (["auto"], ["tempo_server"]):
    _PATTERNS[json.dumps(_names)] = profiles.resolve({"profiles": _names}, str)["patterns"]
