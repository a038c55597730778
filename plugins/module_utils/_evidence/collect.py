# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visits a host once: runs any set of probes in one process and returns what they saw."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base import spec
from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption, ProbeFailure
from ansible_collections.traceops.tracing.plugins.module_utils._base.nested import nested
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import url_passwords
from ansible_collections.traceops.tracing.plugins.module_utils._evidence import labels
from ansible_collections.traceops.tracing.plugins.module_utils._evidence.silence import Silence

if t.TYPE_CHECKING:
    from types import ModuleType


def _load(name: str) -> ModuleType:
    """The probe `name`, imported only now."""
    if name not in labels.PROBES:
        raise BadOption(f"probes: there is no probe '{name}'; known are {', '.join(labels.PROBES)}")
    return labels.PROBES[name]()


# How the names of all options with no_log end.
SECRET_NAMES = ("password", "token", "headers")


class Visit(t.NamedTuple):
    """One probe to run: its label in the evidence, the probe, its validated parameters."""

    label: str
    probe: ModuleType
    params: t.Mapping[str, t.Any]
    like: str = ""  # the label whose result says how: the application's own way
    silent: t.Optional[t.Dict[str, t.Any]] = None  # {cause, message} of a Tempo that was waited for in vain before
    tenants_of: str = ""  # the label that counts what Tempo has: the tenants in it are tried


class Checked(t.NamedTuple):
    """Options of a probe with its defaults, or what is wrong with them."""

    params: t.Dict[str, t.Any]
    errors: t.List[str]
    secrets: t.Set[str]


def by_ansible(probe: ModuleType, options: t.Dict[str, t.Any]) -> Checked:
    """Options that somebody wrote."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator  # takes longer to import than a visit

    checked = ArgumentSpecValidator(probe.ARGUMENT_SPEC, **getattr(probe, "MODULE_KWARGS", {})).validate(options)
    return Checked(dict(checked.validated_parameters), checked.error_messages, checked._no_log_values)


def of_plan(probe: ModuleType, options: t.Dict[str, t.Any]) -> Checked:
    """Options that a plan made of variables, which were checked on the controller: secrets have telling names."""
    return Checked(spec.filled(probe.ARGUMENT_SPEC, options), [], set())


def plan(
    probes: t.Mapping[str, t.Any],
    check_mode: bool,
    secrets: t.Set[str],
    check: t.Callable[[ModuleType, t.Dict[str, t.Any]], Checked] = by_ansible,
) -> t.List[Visit]:
    """The probes to run, all options validated before any of them runs.

    Every value that must not be shown is added to `secrets`, also when this ends in BadOption.
    """
    visits: t.List[Visit] = []
    for given in probes.values():
        secrets.update(secret_values(given))
    for label, given in probes.items():
        if given is not None and not isinstance(given, dict):
            raise BadOption(f"probes: the options of '{label}' are not a dictionary")
        options = dict(given or {})
        like = str(options.pop("like", None) or "")
        tenants_of = str(options.pop("tenants_of", None) or "")
        for name, other in (("like", like), ("tenants_of", tenants_of)):
            if other and other not in probes:
                raise BadOption(f"probes: {label}: '{name}' names '{other}', which is not asked for")
        silent = options.pop("silent", None)
        if silent is not None and not (isinstance(silent, dict) and {"cause", "message"} <= set(silent)):
            raise BadOption(f"probes: {label}: 'silent' is no result with cause and message")
        probe = _load(str(options.pop("probe", label)))
        checked = check(probe, options)
        secrets.update(checked.secrets)
        if checked.errors:
            raise BadOption("; ".join(f"probes: {label}: {message}" for message in checked.errors))
        params = checked.params
        if check_mode:
            params.update(getattr(probe, "CHECK_MODE", {}))
        if like and not hasattr(probe, "like"):
            raise BadOption(f"probes: {label}: 'like' is for probes that send as an application does")
        if tenants_of and "tenants" not in params:
            raise BadOption(f"probes: {label}: 'tenants_of' is for probes that try tenants")
        visits.append(Visit(label, probe, params, like, silent, tenants_of))
    # Who goes another's way comes after it.
    return sorted(visits, key=lambda visit: bool(visit.like) + bool(visit.tenants_of))


def secret_values(options: t.Any) -> t.Iterator[str]:
    """Values whose options' names say that they are secret: known even where that of the probe is misspelt."""
    if not isinstance(options, dict):
        return
    for name, value in options.items():
        if str(name).endswith(SECRET_NAMES):
            yield from _leaves(value)
    yield from url_passwords(options.values())


def _leaves(value: t.Any) -> t.Iterator[str]:
    """The texts in `value`, whatever it is: a wrong type is shown as well."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif value not in (None, ""):
        yield str(value)


def visit(planned: t.List[Visit]) -> t.Dict[str, t.Dict[str, t.Any]]:
    """Evidence by label; a probe that could not answer leaves `ok: false`, its cause and message, and its keys.

    What is asked twice in the same words is asked once; the second result is the first with `shared_with`, its label.
    """
    evidence: t.Dict[str, t.Dict[str, t.Any]] = {}
    silence = Silence()
    asked: t.List[Visit] = []
    for each in planned:
        silence.before(each.params, each.silent)
    for label, probe, params, like, _silent, tenants_of in planned:
        if tenants_of:
            params = {**params, "tenants": tenants(evidence[tenants_of])}
        if like and evidence[like].get("ok"):
            params = probe.like(params, evidence[like])
        other = next((done for done in asked if done.probe is probe and _words(done.params) == _words(params)), None)
        if other is not None:
            evidence[label] = {**evidence[other.label], "shared_with": other.label}
            continue
        asked.append(Visit(label, probe, params))
        started = time.monotonic()
        name = getattr(probe, "__name__", "").rpartition(".")[2]
        known = silence.known(params, name)
        try:
            result = known if known else probe.run(silence.shortened(params, name))
        except BadOption as error:
            raise BadOption(f"probes: {label}: {error.message}") from None
        except ProbeFailure as failure:
            result = {**failure.result, "ok": False, "cause": failure.cause, "message": failure.message}
        result["took"] = round(time.monotonic() - started, 3)
        silence.saw(params, result, name)
        evidence[label] = result
    return evidence


def invocation(probes: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What a result says of its own options: without the patterns of logs, larger than all that the host answers."""
    told = {
        label: {name: value for name, value in options.items() if name != "patterns"}
        if isinstance(options, dict)
        else options
        for label, options in probes.items()
    }
    return {"module_args": {"probes": told}}


def tenants(counted: t.Optional[t.Mapping[str, t.Any]]) -> t.List[str]:
    """The tenants of which Tempo has received spans, of a result of the probe `balance`."""
    value = nested(counted, "snapshots", "tempo", "counts", "received")
    return sorted(set(value) - {"single-tenant", ""}) if isinstance(value, dict) else []


def _words(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What is asked: applications that share an endpoint differ only in who sends the canary there."""
    sent_by = params.get("canary")
    return {**params, "canary": {**sent_by, "host": None} if isinstance(sent_by, dict) else sent_by}
