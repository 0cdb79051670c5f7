"""The command line, called from a test."""

from typer.testing import CliRunner, Result

from tnthermo.terminal import cli


def call(*arguments: object) -> Result:
    """`tnthermo` with these arguments, in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
