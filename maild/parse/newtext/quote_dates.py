"""Dates and times as mail programs write them above a quote, in any language."""

from __future__ import annotations

import re

DATE = re.compile(
    r"(?<!\d)\d{1,4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,4}(?!\d)"  # 2024-01-15, 15. 1. 2024
    r"|(?<!\d)(?:19|20|25)\d\d(?!\d)"  # any date with a year (of the Buddha too)
    r"|\d\s?[年월月년]"
    r"|\d{1,2}-[^\W\d]{3,4}\.?-\d{2,4}"
)
TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)|\d\s?[時时点點시]")
