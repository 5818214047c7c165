"""What maild.toml and the profile name of each other must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild import config
from maild.app import rules_of
from maild.errors import UsageError

MAILBOX = '[[mailbox]]\nname = "sales"\nhost = "127.0.0.1"\ntls = "none"\nqueue = "{queue}"\n'
HOOK = '[[hook]]\nname = "chat"\nurl = "https://chat.example"\nsecret = "x"\n'
RULE = "- rule: Tell the chat\n  when: ticket created\n  then: [{{web hook: {name}}}]\n"


def settings(folder: Path, text: str, rules: str = "[]") -> config.Settings:
    own = folder / "own"
    own.mkdir()
    (own / "profile.yaml").write_text("extends: next7\nname: own\n")
    (own / "rules.yaml").write_text(rules)
    (folder / "maild.toml").write_text(f'profile = "own/"\n{text}')
    return config.load(folder / "maild.toml")


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("Sales", 'has no queue "Sales"; possible: Co-managed, Service Provider'),
        ("Client Portl", 'has no queue "Client Portl"; did you mean Client Portal?'),
        ("", 'has no queue ""; possible: Co-managed'),
    ],
)
def test_a_queue_that_the_profile_lacks_is_said(tmp_path: Path, queue: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        rules_of(settings(tmp_path, MAILBOX.format(queue=queue)))
    assert f'maild.toml: [[mailbox]] "sales", queue: the profile own {said}' in raised.value.message


@pytest.mark.parametrize("queue", ["Client Portal", "client  portal"])
def test_a_queue_is_the_same_whatever_its_case(tmp_path: Path, queue: str) -> None:
    assert rules_of(settings(tmp_path, MAILBOX.format(queue=queue))).profile.name == "own"


def test_a_web_hook_that_is_not_configured_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        rules_of(settings(tmp_path, HOOK, RULE.format(name="chta")))
    assert 'rules.yaml, line 1: "chta" is no [[hook]] of ' in raised.value.message
    assert raised.value.message.endswith("did you mean chat?")


def test_a_web_hook_that_is_configured_is_called(tmp_path: Path) -> None:
    assert len(rules_of(settings(tmp_path, HOOK, RULE.format(name="Chat"))).rules) > 20
