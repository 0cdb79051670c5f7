"""Pictures of a ledger."""
