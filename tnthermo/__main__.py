"""`python -m tnthermo` is the command ``tnthermo``."""

from tnthermo.terminal.cli import main

if __name__ == "__main__":  # worker processes of a sweep import the main module again
    main()
