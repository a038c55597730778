# Copyright (c) 2026, The traceops.tracing authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which header names and values can travel: HTTP libraries quote a bad value, secret or not, in their error."""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._base.text import excerpt


def check_header(option: str, name: str, value: str) -> None:
    """BadOption that names `option`, and never the value, when no request can carry this header."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise BadOption(f"{option}: '{excerpt(name, 40)}' is not a header name")
    if not re.fullmatch(r"(?! )[\x20-\x7e]*", value):
        raise BadOption(
            f"{option}: the value of {name} has characters that no header can carry, such as a line break at its end"
        )


def option_headers(params: t.Mapping[str, t.Any], reserved: t.Sequence[str] = ()) -> t.Dict[str, str]:
    """The headers that the options of the HTTP group ask for; what has an option of its own wins over `headers`.

    `reserved` are names in lower case that `headers` cannot set. BadOption, without the value, for what no request
    can carry.
    """
    own: t.Dict[str, str] = {}
    if params.get("tenant"):
        own["X-Scope-OrgID"] = params["tenant"]
    if params.get("token"):
        own["Authorization"] = "Bearer " + params["token"]
    elif params.get("url_username"):
        pair = f"{params['url_username']}:{params.get('url_password') or ''}"
        own["Authorization"] = "Basic " + base64.b64encode(pair.encode("utf-8", "surrogateescape")).decode()
    taken = {*reserved, *(name.lower() for name in own)}
    given = {str(name): str(value) for name, value in (params.get("headers") or {}).items() if value is not None}
    for name, value in [*given.items(), *own.items()]:
        option = {"X-Scope-OrgID": "tenant", "Authorization": "token"}[name] if name in own else "headers"
        check_header(option, name, value)
    return {**{name: value for name, value in given.items() if name.lower() not in taken}, **own}
