"""The relational store that services rest on: connections, migrations, snapshots."""
