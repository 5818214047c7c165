"""Which lists have tickets whose service call should have been: the profile says so (N17)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maild.desk import lists
from maild.desk.profile import Profile, View, load_profile, profile_folder

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Europe/Berlin"))


def with_calls(profile: Profile, view: str) -> bool:
    ask = lists.ask(profile, lists.Listing(view), me=1, now=NOW, organization_id=None)
    return bool(ask.or_called_before)


@pytest.mark.parametrize("name", ["next7", "ggit", "atera", "runbook"])
def test_n17_to_process_has_overdue_service_calls_in_every_profile(name: str) -> None:
    profile = load_profile(profile_folder(name, Path()))
    assert with_calls(profile, "to process") and with_calls(profile, "tickets to process")
    assert not any(with_calls(profile, view) for view in ("open", "mine", "waiting on us", "all"))


def test_n17_a_list_of_ones_own_says_whether_it_has_them() -> None:
    profile = load_profile(profile_folder("next7", Path()))
    own = View("On site", (), ("Scheduled",), overdue_calls=True)
    mine = replace(profile, views={"on site": own, "to process": replace(own, overdue_calls=False)})
    assert with_calls(mine, "on site") and not with_calls(mine, "to process")
