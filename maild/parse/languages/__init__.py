"""What mail clients and gateways write, a file a language; en.yaml explains the keys."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from maild.parse import wordfile


def by_language(key: str) -> dict[str, Any]:
    """What stands under a key, by language ("de"); languages without it are left out."""
    return {name: data[key] for name, data in _languages().items() if key in data}


@lru_cache(maxsize=1)
def _languages() -> dict[str, dict[str, Any]]:
    names = sorted(p.name for p in files(__name__).iterdir() if p.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): wordfile.read(__name__, name) for name in names}
