"""What servers on the way say of a mail's worth: spam, or nothing.

Only a verdict against a mail is believed from any server: who writes "no spam" into his own mail
gains nothing by it.
"""

from __future__ import annotations

import re

from maild.model import Mail

HIGH_CONFIDENCE = 5  # SCL from which Microsoft 365 files a mail as junk (5, 6: spam; 9: sure)

_YES = re.compile(r"\s*(?:yes|true|spam)\b", re.IGNORECASE)
_SCL = re.compile(r"\s*(-?\d{1,2})\s*$")
_SFV = re.compile(r"(?:^|;)\s*SFV:(?:SPM|SKS|SKB)\s*(?:;|$)")
_RESULT = re.compile(r";\s*(?:x-)?(?:spam|bulk)=(?:fail|spam|yes)\b", re.IGNORECASE)


def verdict(mail: Mail) -> str:
    """Which topmost field calls it spam; "" where none does."""
    for name in ("X-Spam-Flag", "X-Spam-Status", "X-Spam"):
        if _YES.match(mail.header(name) or ""):
            return name
    level = _SCL.match(mail.header("X-MS-Exchange-Organization-SCL") or "")
    if level and int(level[1]) >= HIGH_CONFIDENCE:
        return "X-MS-Exchange-Organization-SCL"
    if _SFV.search(mail.header("X-Forefront-Antispam-Report") or ""):
        return "X-Forefront-Antispam-Report"
    first = next((value for name, value in mail.trace if name == "authentication-results"), "")
    return "Authentication-Results" if _RESULT.search(first) else ""
