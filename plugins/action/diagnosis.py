# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of all hosts in; verdict, reports and the page on the terminal out. Runs on the controller only."""

from __future__ import annotations

import datetime
import os
import typing as t
import uuid

from ansible.plugins.action import ActionBase

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import MissingLibrary
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import document, stored
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.run import DOCS_URL
from ansible_collections.traceops.tracing.plugins.module_utils._report import console, write
from ansible_collections.traceops.tracing.plugins.module_utils._report.lines import Line
from ansible_collections.traceops.tracing.plugins.module_utils._verdict import gate, judge, library, suppress
from ansible_collections.traceops.tracing.plugins.plugin_utils import terminal
from ansible_collections.traceops.tracing.plugins.plugin_utils.versions import versions

CHECKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checks")

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "hosts": {"type": "dict"},
    "report": {"type": "raw"},
    "problems": {"type": "list", "elements": "str"},
    "stop": {"type": "list", "elements": "str"},
    "backends": {"type": "dict", "default": {}},
    "settings": {"type": "dict", "default": {}},
    "report_dir": {"type": "path"},
    "fail_on": {"type": "str", "choices": list(judge.FAIL_ON)},
    "gate": {"type": "str", "choices": list(gate.GATES), "default": "host"},
    "check_dirs": {"type": "list", "elements": "path"},
    "baseline": {"type": "path"},
    "docs_url": {"type": "str"},
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
    "earlier": {"type": "list", "elements": "str", "default": []},
}

_NO_BASELINE = (
    "fail_on: new compares with an earlier report, and none was given: name one, or a directory of them, "
    "with diagnose_baseline"
)
_FIRST = " (a first run has nothing to compare with: leave the baseline out)"
_TOGETHER = "the diagnosis compares hosts, so that they must go together: give the play strategy: linear"


class ActionModule(ActionBase):
    """The `diagnosis` action."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _unused, options = self.validate_argument_spec(
            argument_spec=ARGUMENT_SPEC,
            required_one_of=[["hosts", "report", "problems", "stop"]],
            mutually_exclusive=[["hosts", "report"]],
        )
        if options["stop"] is not None:
            words = f"{', '.join(options['stop'])}: see the verdict above"
            return self._refused({**result, "changed": False, "failed": True, "msg": words})
        if terminal.display.verbosity == 1:  # with -v the page has more; its evidence is in the report
            result["_ansible_verbose_override"] = True
        result.update(changed=False, verdict={}, findings=[], counts={}, failing=False, stopped={}, reports={})
        result.update(baseline={}, environments=[])
        strategy = str(getattr(getattr(self._task, "play", None), "strategy", "linear")).rpartition(".")[2]
        if strategy in ("free", "host_pinned"):
            return self._refused({**result, "failed": True, "msg": f"{_TOGETHER} (this play has strategy: {strategy})"})
        try:
            if options["problems"] is not None:
                problems = options["problems"] or _baseline_problems(options["baseline"])
                return self._refused({**result, "failed": bool(problems), "msg": "; ".join(problems)})
            report, checks = self._report(options, task_vars or {})
        except (
            library.BadCheck, document.BadEvidence, stored.BadReport, suppress.BadSuppression, MissingLibrary
        ) as error:  # fmt: skip
            return self._refused({**result, "failed": True, "msg": str(error)})
        if options["only_path"]:
            terminal.show(console.found_lines(report, terminal.utf8()))
            return {**result, "path": report["path"]}
        states = [finding["state"] for finding in report["findings"]]
        result.update(
            verdict=report["verdict"],
            findings=[finding for finding in report["findings"] if finding["state"] not in ("ok", "skipped")],
            counts={state: states.count(state) for state in dict.fromkeys(states)},
        )
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
        if options["earlier"]:
            terminal.show([Line(_batch(sorted(options["hosts"]), options["earlier"]))])
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
        else:
            seen, checks = self._first(options, task_vars)
        if str(seen["run"]["fail_on"]).startswith("new") and baseline is None:
            raise stored.BadReport(_NO_BASELINE)
        return judge.report(seen, checks, baseline, baseline_file), checks

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
    return {**seen, "run": run}, checks


def _listed(reports: t.Any) -> t.List[str]:
    """The option `report`: a text, or a list of them."""
    wanted = [reports] if isinstance(reports, str) else reports
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str) and each for each in wanted):
        raise stored.BadReport("report cannot be used: expected a path, or a list of paths or NAME=PATH")
    return [str(each) for each in wanted]


def _baseline_problems(baseline: t.Optional[str]) -> t.List[str]:
    """Why an earlier report cannot be compared with: known before any host is visited."""
    try:
        if baseline:
            stored.read(stored.latest(_absolute(baseline), _FIRST))
    except stored.BadReport as error:
        return [f"diagnose_baseline: {error}"]
    return []


def _inventory(task_vars: t.Mapping[str, t.Any]) -> str:
    """The first file of the inventory, from where the user stands; "" when it is elsewhere or no file."""
    here = os.getcwd()
    for source in task_vars.get("ansible_inventory_sources") or []:
        path = os.path.relpath(str(source), here)
        if os.path.isfile(str(source)) and not path.startswith(os.pardir):
            return path
    return ""


def _batch(hosts: t.List[str], earlier: t.List[str]) -> str:
    """What a page leaves out that is not the first of its play."""
    others = f"{_few(earlier)} {'have' if len(earlier) > 1 else 'has'} a page and a report of an earlier batch"
    return f"\nThis page is about {_few(hosts)} (serial); {others}."


def _few(names: t.List[str]) -> str:
    return ", ".join([*names[:5], *([f"{len(names) - 5} more"] if len(names) > 5 else [])])


def _absolute(path: str) -> str:
    """Relative to where the user stands: beside the playbook would be inside the installed collection."""
    return os.path.abspath(os.path.expanduser(path))
