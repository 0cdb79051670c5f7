"""From a TOML file to checked sections, and on to model, method and estimate."""
