"""maild.toml: what is wrong with it is said all at once, each with key, found and allowed."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from maild import config
from maild.errors import UsageError
from maild.oauth import providers

BAD = Path(__file__).parent / "bad_config"


@pytest.mark.parametrize("file", sorted(BAD.glob("*.toml")), ids=lambda file: file.stem)
def test_every_bad_configuration_says_what_is_wrong(file: Path) -> None:
    expected = [line[2:] for line in file.read_text().splitlines() if line.startswith("# ")]
    with pytest.raises(UsageError) as error:
        config.load(file)
    found = [line.removeprefix(f"{file}").lstrip(": ") for line in error.value.message.splitlines()]
    assert found == expected


def test_the_shipped_sample_is_valid_and_names_every_section() -> None:
    sample = Path(config.__file__).parents[1] / "cli" / "maild.toml"
    settings = config.load(sample)
    assert settings.config.mailbox[0].name == "support"
    text = sample.read_text()
    for section in config.Config.model_fields:
        assert f"[{section}]" in text or f"{section} =" in text, section


def test_every_key_is_explained_in_the_shipped_sample() -> None:
    sample = (Path(config.__file__).parents[1] / "cli" / "maild.toml").read_text()
    parts = re.split(r"^(?:# )?\[+([\w.]+)\]+(?: +#.*)?$", sample, flags=re.MULTILINE)
    shown = {
        name: set(re.findall(r"^(?:# )?(\w+) *=", text, re.MULTILINE))
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    for section, field in config.Config.model_fields.items():
        model: Any = getattr(field.annotation, "__args__", (field.annotation,))[0]
        if section != "profile":
            below = {name.split(".")[1] for name in shown if name.startswith(f"{section}.")}
            assert shown[section] | below == set(model.model_fields), section
    assert shown["mailbox.oauth"] == set(config.OauthSection.model_fields)


def test_every_provider_that_can_be_named_is_known() -> None:
    named = config.OauthSection.model_fields["provider"].annotation
    assert set(providers.table()) == set(get_args(get_args(named)[0]))
    for name, tenant in [("microsoft", "example.com"), ("google", None)]:
        values = {"provider": name, "tenant": tenant, "client_id": "desk"}
        section = config.OauthSection.model_validate({**values, "refresh_token_file": "token"})
        where = providers.provider(section)
        assert where.token_url.startswith("https://")
        assert "{" not in f"{where.token_url}{where.device_url}{where.authorize_url}"
        assert (where.device_url is None) == (name == "google")
    assert providers.scope(section, {"imap", "smtp"}) == "https://mail.google.com/"


def test_files_of_secrets_lie_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "client").write_text("hunter2\n")
    file = tmp_path / "maild.toml"
    file.write_text(
        '[smtp]\nusername = "a@example.com"\n[smtp.oauth]\nprovider = "google"\n'
        'client_id = "desk"\n'
        'client_secret_file = "client"\nrefresh_token_file = "token"\n'
    )
    oauth = config.load(file).config.smtp.oauth
    assert oauth is not None
    assert oauth.secret() == "hunter2"
    assert oauth.refresh_token_file == tmp_path / "token"


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Run `maild init`"):
        config.load(tmp_path / "maild.toml")


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text('[smtp]\npassword = ["hunter2"]\n')
    with pytest.raises(UsageError) as error:
        config.load(file)
    assert "hunter2" not in error.value.message
    file.write_text("[smtp.oauth]\nclient_secret = 123454321\n")
    with pytest.raises(UsageError) as error:
        config.load(file)
    assert "oauth.client_secret" in error.value.message
    assert "123454321" not in error.value.message
    file.write_text('[smtp]\npassword = "hunter2"\n')
    assert "hunter2" not in repr(config.load(file).config)


def test_a_password_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    file = tmp_path / "maild.toml"
    file.write_text('[smtp]\npassword_file = "secret"\n')
    assert config.load(file).config.smtp.secret() == "hunter2"


def test_a_relative_database_lies_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    assert config.load(file).database_url == f"sqlite:///{tmp_path}/var/maild.db"
