"""Running the command in this process."""

from click.testing import CliRunner

from pyterrier_hybrid.cli import main


def run(*args, code=0):
    """Run ``pyterrier-hybrid`` and return its output, whose exit code must be ``code``."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result.output
