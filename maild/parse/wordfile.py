"""The YAML files of words that lie beside the code that looks for them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast


def read(package: str, name: str) -> dict[str, Any]:
    """The file `name` of a package, as it stands."""
    found: dict[str, Any] = yaml.load(
        files(package).joinpath(name).read_text("utf-8"), Loader=_LOADER
    )
    return found
