"""Renders the role's variables and templates as a play does, without a play."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.utils.collection_loader import AnsibleCollectionConfig

ROLE = Path(__file__).parents[3] / "roles/stack"


@functools.lru_cache(maxsize=None)
def _role() -> t.Tuple[DataLoader, t.Dict[str, t.Any]]:
    """A loader, and the role's own variables."""
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()  # ansible.builtin.* is found through it
    loader = DataLoader()
    loader.set_basedir(str(ROLE))
    variables: t.Dict[str, t.Any] = {}
    for part in ("defaults", "vars"):
        variables.update(loader.load_from_file(str(ROLE / part / "main.yml"), trusted_as_template=True))
    return loader, variables


def render(expression: str, **given: t.Any) -> t.Any:
    """The value of a variable of the role, or of an expression, with `given` variables of a user."""
    loader, variables = _role()
    # The template lookup looks for templates/ below the search path.
    complete = {**variables, **given, "ansible_search_path": [str(ROLE)]}
    return Templar(loader=loader, variables=complete).evaluate_expression(trust_as_template(expression))
