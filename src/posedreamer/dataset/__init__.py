"""Data at rest: rows, shards, ledger, manifest; written whole or not at all, read back as typed samples."""
