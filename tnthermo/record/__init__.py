"""What a run leaves behind, raw."""
