"""What the README shows runs as it stands there."""

import re

import pytest
from document_helpers import ROOT, blocks, check_command, commands, languages_of_blocks, links

import pyterrier_hybrid as ph

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_snippet_is_that_of_the_page_to_start_with():
    """Which tests/test_pages.py runs."""
    assert languages_of_blocks("README.md") == {"python", "bash"}
    (snippet,) = blocks("README.md", "python")
    assert snippet == blocks("pyterrier_hybrid/pt_docs/start.md", "python")[0]
    assert len(snippet.splitlines()) == 12


def test_commands():
    for block in blocks("README.md", "bash"):
        for command in commands(block):
            check_command(command)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"ph\.(\w+)", README))))
def test_names_exist(name):
    assert hasattr(ph, name)


@pytest.mark.parametrize("document", ["README.md", "docs/README.md", "docs/architecture.md"])
def test_links_lead_somewhere(document):
    found = links(document)
    assert found and [path for path in found if not path.exists()] == []
