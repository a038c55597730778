# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of all hosts in; verdict, reports and the page on the terminal out. Runs on the controller only."""

from __future__ import annotations

import datetime
import itertools
import os
import typing as t
import uuid

from ansible import constants as C
from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document, form, stored
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL
from ansible_collections.traceops.tracing.plugins.module_utils._plan import gathering, store
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, fold, write
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import gate, judge, library, suppress
from ansible_collections.traceops.tracing.plugins.plugin_utils import runs, terminal
from ansible_collections.traceops.tracing.plugins.plugin_utils.versions import versions

CHECKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checks")

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "hosts": {"type": "dict"},
    "report": {"type": "raw"},
    "visited": {"type": "bool"},
    "stop": {"type": "list", "elements": "str"},
    "backends": {"type": "dict", "default": {}},
    "settings": {"type": "dict", "default": {}},
    "report_dir": {"type": "path"},
    "fail_on": {"type": "str", "choices": list(judge.FAIL_ON)},
    "gate": {"type": "str", "choices": list(gate.GATES), "default": "host"},
    "check_dirs": {"type": "list", "elements": "path"},
    "baseline": {"type": "path"},
    "docs_url": {"type": "str"},
    "evidence": {"type": "str", "choices": list(form.EVIDENCE)},
    "bundle": {"type": "bool", "default": False},
    "suppress": {
        "type": "list",
        "elements": "dict",
        "options": {
            "id": {"type": "str", "required": True},
            "host": {"type": "str"},
            "application": {"type": "str"},
            "reason": {"type": "str", "required": True},
            "until": {"type": "str"},
        },
    },
    "started": {"type": "str"},
    "only_path": {"type": "bool", "default": False},
}

_NO_BASELINE = (
    "fail_on: new compares with an earlier report, and none was given: name one, or a directory of them, "
    "with diagnose_baseline"
)
_SOME = 5  # hosts that are named of those that are still to come: each host keeps this list
_FIRST = " (a first run has nothing to compare with: leave the baseline out)"


class _NotVisited(Exception):
    """There is nothing to judge; the message says why."""


_REFUSED = (
    *(library.BadCheck, document.BadEvidence, stored.BadReport, suppress.BadSuppression, MissingLibrary),
    _NotVisited,
)


class ActionModule(ActionBase):
    """The `diagnosis` action."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(
            argument_spec=ARGUMENT_SPEC,
            required_one_of=[["hosts", "report", "visited", "stop"]],
            mutually_exclusive=[["hosts", "report"]],
        )
        if options["stop"] is not None:
            words = f"{', '.join(options['stop'])}: see the verdict above"
            return self._refused({**result, "changed": False, "failed": True, "msg": words})
        if terminal.display.verbosity == 1:  # with -v the page has more; its evidence is in the report
            result["_ansible_verbose_override"] = True
        result.update(changed=False, verdict={}, findings=[], counts={}, failing=False, stopped={}, reports={})
        result.update(baseline={}, environments=[], waiting=[])
        try:
            if options["visited"]:
                result["waiting"] = self._waiting(task_vars or {})
                if result["waiting"]:
                    words = f"the verdict comes with the last host; still to come: {', '.join(result['waiting'])}"
                    return {**result, "msg": words}
            report, checks = self._report(options, task_vars or {})
        except _REFUSED as error:
            return self._refused({**result, "failed": True, "msg": str(error)})
        if options["only_path"]:
            terminal.show(console.found_lines(report, terminal.utf8()))
            return {**result, "path": report["path"]}
        result.update(verdict=report["verdict"], findings=fold.loud(report), counts=fold.numbers(report))
        result["failing"] = judge.failing_at(report, report["run"]["fail_on"])
        if result["failing"]:
            result["stopped"] = gate.stopped(report, options["gate"], judge.grounds(report))
        result.update(baseline=report.get("baseline", {}), environments=report.get("environments", []))
        if options["report_dir"] and not self._task.check_mode:
            directory = _absolute(options["report_dir"])
            try:
                result["reports"] = write.write(report, directory, checks, versions() if options["bundle"] else None)
            except OSError as error:
                # The page is printed all the same: what was found out must not be lost for a full disk.
                result.update(failed=True, msg=f"report_dir: {directory} cannot be written ({error.strerror})")
        shown = [path for form, path in result["reports"].items() if form in ("html", "json", "bundle")]
        terminal.show(console.lines(report, shown, terminal.utf8(), terminal.verbose()))
        return result

    def _refused(self, result: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
        """`result`, without the excerpt of the role's own source that ansible-core 2.19 prints below a failure."""
        self._task._ds = None
        return result

    def _report(
        self, options: t.Dict[str, t.Any], task_vars: t.Mapping[str, t.Any]
    ) -> t.Tuple[judge.Report, library.Library]:
        """The report document, and the checks that it was made with."""
        baseline_file = stored.latest(_absolute(options["baseline"]), _FIRST) if options["baseline"] else ""
        baseline = stored.read(baseline_file) if baseline_file else None
        if options["report"]:
            seen, checks = _again(options, baseline is not None)
        elif options["visited"]:
            seen, checks = self._of_visits(options, task_vars)
        else:
            seen, checks = self._first(options, task_vars)
        if str(seen["run"]["fail_on"]).startswith("new") and baseline is None:
            raise stored.BadReport(_NO_BASELINE)
        return judge.report(seen, checks, baseline, baseline_file), checks

    def _waiting(self, task_vars: t.Mapping[str, t.Any]) -> t.List[str]:
        """Some of the hosts that the verdict waits for; [] where this host is the one that says it."""
        if runs.is_last(self._task, self._store(), str(task_vars.get("inventory_hostname", ""))):
            return []
        return list(itertools.islice(runs.waiting(self._store(), task_vars), _SOME)) or ["another host"]

    def _store(self) -> store.Store:
        known = store.current(C.DEFAULT_LOCAL_TMP, runs.key(self._task))
        if known is None:
            raise _NotVisited("no host was visited, so that there is nothing to judge")
        return known

    def _of_visits(
        self, options: t.Dict[str, t.Any], task_vars: t.Mapping[str, t.Any]
    ) -> t.Tuple[document.Document, library.Library]:
        """The evidence of all hosts that were visited in this play, also in its earlier batches (`serial`)."""
        kept = self._store()
        seen = gathering.evidence(kept)
        given = {**options, "settings": seen.settings, "started": kept.run["started"]}
        own, checks = self._first({**given, "hosts": seen.hosts, "backends": seen.backends}, task_vars)
        earlier = kept.batches()
        if seen.hosts and runs.has_batches(self._task):
            kept.close_batch(own)
        return gathering.united([*earlier, own]), checks

    def _first(
        self, options: t.Dict[str, t.Any], task_vars: t.Mapping[str, t.Any]
    ) -> t.Tuple[document.Document, library.Library]:
        own = [_absolute(directory) for directory in options["check_dirs"] or []]
        checks = library.load([CHECKS, *own])
        finished = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        run = {
            "id": uuid.uuid4().hex,
            "started": options["started"] or finished,
            "finished": finished,
            "check_mode": bool(self._task.check_mode),
            "settings": options["settings"],
            "fail_on": options["fail_on"] or "critical",
            "suppress": suppress.read(options["suppress"] or [], checks),
            "check_dirs": own,
            "docs_url": DOCS_URL if options["docs_url"] is None else options["docs_url"],
            "evidence": options["evidence"] or "compact",
            "inventory": _inventory(task_vars),
        }
        return document.build(options["hosts"], options["backends"], run), checks


def _again(options: t.Dict[str, t.Any], compared: bool) -> t.Tuple[document.Document, library.Library]:
    """The evidence of stored reports; what is not given is as it was when they were made."""
    reports = stored.named(_listed(options["report"]), _absolute)
    seen = stored.merged(reports) if len(reports) > 1 else stored.read(reports[0].path)["evidence"]
    run = {**seen["run"], "fail_on": options["fail_on"] or seen["run"].get("fail_on") or "critical"}
    if not options["fail_on"] and not compared:
        run["fail_on"] = run["fail_on"] if run["fail_on"] == "never" else judge.threshold(run["fail_on"])
    if options["check_dirs"] is not None:
        run["check_dirs"] = [_absolute(directory) for directory in options["check_dirs"]]
    try:
        checks = library.load([CHECKS, *(run.get("check_dirs") or [])])
    except library.BadCheck as error:
        if options["check_dirs"] is not None:
            raise
        hint = "diagnose_check_dirs says where checks of your own are now; an empty list leaves them out"
        raise stored.BadReport(f"{error}; {hint}") from None
    if options["suppress"] is not None:
        run["suppress"] = suppress.read(options["suppress"], checks)
        for name, own in (run.get("slices") or {}).items():
            run["slices"][name] = {key: value for key, value in own.items() if key != "suppress"}
    if options["docs_url"] is not None:
        run["docs_url"] = options["docs_url"]
    if options["evidence"] is not None:
        run["evidence"] = options["evidence"]
    return {**seen, "run": run}, checks


def _listed(reports: t.Any) -> t.List[str]:
    """The option `report`: a text, or a list of them."""
    wanted = [reports] if isinstance(reports, str) else reports
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str) and each for each in wanted):
        raise stored.BadReport("report cannot be used: expected a path, or a list of paths or NAME=PATH")
    return [str(each) for each in wanted]


def _inventory(task_vars: t.Mapping[str, t.Any]) -> str:
    """The first file of the inventory, from where the user stands; "" when it is elsewhere or no file."""
    here = os.getcwd()
    for source in task_vars.get("ansible_inventory_sources") or []:
        path = os.path.relpath(str(source), here)
        if os.path.isfile(str(source)) and not path.startswith(os.pardir):
            return path
    return ""


def _absolute(path: str) -> str:
    """Relative to where the user stands: beside the playbook would be inside the installed collection."""
    return os.path.abspath(os.path.expanduser(path))
