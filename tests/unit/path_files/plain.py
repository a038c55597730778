# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of nodes as plain values, and what PyYAML makes of the same text when scalars stay text."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ansible_collections.traceops.tracing.plugins.module_utils._base.nodes import Node


def plain(node: Node) -> Any:
    """The values of a tree without their lines."""
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    if isinstance(node.value, list):
        return [plain(each) for each in node.value]
    return node.value


class _Texts(yaml.SafeLoader):
    """PyYAML with merge keys, and without types: 1, null and true are text."""


def _construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [loader.construct_object(each, deep=True) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        return {
            loader.construct_object(key, deep=True): loader.construct_object(each, deep=True)
            for key, each in node.value
        }
    return node.value


_Texts.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("<<"))]}
_Texts.yaml_constructors = {None: _construct}


def by_pyyaml(text: str) -> list[Any]:
    """The documents of `text` as PyYAML reads them, an empty one as empty text; raises yaml.YAMLError, or worse."""
    return ["" if each is None else each for each in yaml.load_all(text, Loader=_Texts)]
