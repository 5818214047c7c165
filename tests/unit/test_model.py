"""Values of mail go between processes and come out as they went in."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from maild import model
from maild.parse.parser import parse

FIXTURES = sorted(Path("fixtures/eml").rglob("*.eml"))
VALUES = [
    value
    for value in vars(model).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value)
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_field_of_a_value_is_carried(value: type) -> None:
    names = tuple(field.name for field in dataclasses.fields(value))
    assert issubclass(value, model.Carried)
    assert value.__match_args__ == names


def test_a_mail_is_the_same_in_another_process() -> None:
    mails = [parse(path.read_bytes()) for path in FIXTURES]
    assert len(mails) > 50
    assert pickle.loads(pickle.dumps(mails)) == mails
