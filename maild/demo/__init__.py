"""The whole circle on one machine: servers on loopback, people who write, the daemon between."""
