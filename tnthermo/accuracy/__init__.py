"""A run to a target: from a cheap look to what the target needs, each run a companion of the next."""
