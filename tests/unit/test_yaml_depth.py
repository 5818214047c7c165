"""A file of the policy that nests without end is told with its line; it ends no program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from maild import yamlfile
from maild.errors import UsageError

WITHOUT_END = {
    "lists": "[" * 50_000,
    "mappings": "{a: " * 50_000,
    "both": "[{a: " * 50_000,
    "closed": "[" * 50_000 + "]" * 50_000,
    "behind a line": "rules:\n- a: " + "[" * 50_000,
    "on lines": "[\n" * 50_000,
    "dashes": "- " * 50_000,
    "questions": "? " * 50_000,
    "wide dashes": "-\t " * 50_000,
}


@pytest.mark.parametrize("text", WITHOUT_END.values(), ids=list(WITHOUT_END))
def test_h119_what_nests_without_end_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    read = "import sys; from pathlib import Path; from maild import yamlfile\n"
    read += "from maild.errors import UsageError\n"
    read += "try: yamlfile.read(Path(sys.argv[1]))\nexcept UsageError as e: print(e.message)"
    done = subprocess.run([sys.executable, "-c", read, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-300:]
    assert "too deeply" in done.stdout and ", line " in done.stdout


def test_indented_without_end_is_read_or_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("\n".join(" " * depth + "a:" for depth in range(600)) + "\n: :", "utf-8")
    with pytest.raises(UsageError):
        yamlfile.read(file)


def test_many_lists_beside_each_other_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("- [a, {b: [c]}]\n" * 2000 + "- '[[['\n- ----- - - -\n", "utf-8")
    assert len(yamlfile.read(file)) == 2002
