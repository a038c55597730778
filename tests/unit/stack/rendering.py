"""Renders the role's variables and templates as a play does, without a play."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import multiprocessing
import typing as t
from pathlib import Path

ROLE = Path(__file__).parents[3] / "roles/stack"


def render(expression: str, **given: t.Any) -> t.Any:
    """The value of a variable of the role, or of an expression, with `given` variables of a user."""
    return json.loads(_worker().submit(_render, expression, given).result(60))


@functools.lru_cache(maxsize=None)
def _worker() -> concurrent.futures.ProcessPoolExecutor:
    # A process of its own: Ansible's loader of collections changes how the whole process imports.
    return concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def _render(expression: str, given: t.Mapping[str, t.Any]) -> str:
    from ansible.template import Templar, trust_as_template

    loader, variables = _role()
    # The template lookup looks for templates/ below the search path.
    complete = {**variables, **given, "ansible_search_path": [str(ROLE)]}
    return json.dumps(Templar(loader=loader, variables=complete).evaluate_expression(trust_as_template(expression)))


@functools.lru_cache(maxsize=None)
def _role() -> t.Tuple[t.Any, t.Dict[str, t.Any]]:
    """A loader, and the role's own variables."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()  # ansible.builtin.* is found through it
    loader = DataLoader()
    loader.set_basedir(str(ROLE))
    variables: t.Dict[str, t.Any] = {}
    for part in ("defaults", "vars"):
        variables.update(loader.load_from_file(str(ROLE / part / "main.yml"), trusted_as_template=True))
    return loader, variables
