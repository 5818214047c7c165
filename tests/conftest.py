"""Real servers for every test that asks for one by name."""

pytest_plugins = (
    "tests.servers.dovecot",
    "tests.servers.postgres",
    "tests.servers.tokens",
    "tests.servers.watching",
)
