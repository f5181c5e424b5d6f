"""Progress bars in files and terminals, and lines printed while they are shown."""

import click
import pytest
from click.testing import CliRunner

from pyterrier_hybrid.cli.options import OneLineErrors, errors_in_one_line
from pyterrier_hybrid.utils.progress import above_bars, close_bars, progress_bar


def test_in_a_file_a_line_is_printed_every_30_seconds(capsys):
    with progress_bar(total=1000) as bar:
        for _ in range(1000):
            bar.update()
        bar.last_print_t -= 31
        bar.update()
        assert bar.mininterval == bar.maxinterval == 30
    # At the start, after half a minute, and at the end.
    assert capsys.readouterr().err.count("\r") == 3


def test_a_terminal_is_updated_more_often(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress_bar(total=1, disable=False) as bar:
        assert bar.mininterval < 1


def test_lines_are_printed_above_an_open_bar(capsys):
    bar = progress_bar(total=2, desc="work")
    above_bars("Warning: careful")
    close_bars()
    above_bars("the end")
    assert bar.disable
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert "Warning: careful" in lines and lines[-1] == "the end"


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt()])
def test_an_error_message_starts_on_a_new_line(error):
    @click.group(cls=OneLineErrors)
    def main():
        pass

    @main.command()
    def work():
        with errors_in_one_line():
            work.bar = progress_bar(total=2, desc="work")
            raise error

    output = CliRunner().invoke(main, ["work"]).output
    assert output.splitlines()[-1] in ("Error: bad", "Interrupted")
    assert "work:   0%" in output
