"""Moving in: what another helpdesk's exports (CSV) hold becomes tickets of ours, with their dates.

`mapping` says which heading means what, `rows` reads files by it, `plan` holds all of it to the
profile and tells every mistake with its line, `write` brings it into the desk, telling nobody.
"""
