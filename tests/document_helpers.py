"""Code blocks and links of the documents, which tests run as they stand."""

import re
import shlex
from pathlib import Path

import click

from pyterrier_hybrid.cli import main

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "pyterrier_hybrid" / "pt_docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def blocks(document, language):
    """Return the code blocks in a language of a document, a path from the root of the repository."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [code for name, code in _BLOCK.findall(text) if name == language]


def languages_of_blocks(document):
    """Return the languages of all code blocks of a document."""
    return {name for name, _ in _BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))}


def links(document):
    """Return the files that a document links to."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", text)
    return sorted({(ROOT / document).parent / link for link in found})


def commands(script):
    """Return the commands of a shell script, each as a list of words.

    Variables that the script sets are put in, and what a command prints to a file or pipes on is left out.
    """
    words = shlex.split(script.replace("\\\n", " ").replace("\n", " ; "), comments=False)
    found, variables = [[]], {}
    for word in _without_comments(words):
        name, is_variable, value = word.partition("=")
        if word in (";", "&&"):
            found.append([])
        elif is_variable and not found[-1] and name.isupper():
            variables[f"${name}"] = value.split()
        else:
            found[-1] += variables.get(word, [word])
    return [command[: command.index(">")] if ">" in command else command for command in found if command]


def _without_comments(words):
    comment = False
    for word in words:
        comment = word != ";" and (comment or word.startswith("#"))
        if not comment:
            yield word


def check_command(command):
    """Check that a command of the documentation can be run: that its options, files and targets exist."""
    program, *arguments = command
    if program == "torchrun":
        assert "--no-python" in arguments
        program, *arguments = arguments[arguments.index("pyterrier-hybrid") :]
    if program == "pyterrier-hybrid":
        group, context = main, click.Context(main)
        while isinstance(group, click.Group):
            name, *arguments = arguments
            group = group.get_command(context, name)
            assert group is not None, name
        # Reads all options, as a run would.
        group.make_context(name, arguments)
    elif program == "python" and arguments[0] != "-m":
        assert (ROOT / arguments[0]).exists(), command
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE), command
    elif program == "pytest":
        assert all((ROOT / word).exists() for word in arguments if "/" in word), command
    else:
        assert program in ("pip", "python"), command
