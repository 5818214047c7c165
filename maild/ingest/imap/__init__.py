"""Mail that comes in by IMAP.

stop = Stop()
Watcher(section, store, limits, clock, on_accepted, alert).run(stop)
"""

from maild.ingest.imap.connection import count_newer, probe
from maild.ingest.imap.watcher import Rhythm, Watcher
from maild.ingest.imap.wire import Patience, Stop

__all__ = ["Patience", "Rhythm", "Stop", "Watcher", "count_newer", "probe"]
