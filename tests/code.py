"""Our code as trees, which a process of the tests reads once."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

import maild

CODE = Path(maild.__file__).parent


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of ours, in the order of their paths."""
    gc.disable()  # nothing of it is garbage, ever
    found = {file: ast.parse(file.read_text("utf-8")) for file in sorted(CODE.rglob("*.py"))}
    gc.freeze()
    gc.enable()
    return found


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Every node of this module of ours."""
    return tuple(ast.walk(trees()[file]))
