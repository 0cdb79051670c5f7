"""The laws of the paper and others, checked on a ledger."""
