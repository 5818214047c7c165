"""How the desk is: for who looks (`maild status`), for programs (HTTP), for systemd.

    progress ── which part of the daemon moved last ──┐
    health ──── what the database says ───────────────┴─▶ status · /readyz · /metrics · WATCHDOG

Nothing here changes a ticket; the one thing that is written is that a daemon is alive.
"""
