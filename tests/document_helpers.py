"""Code blocks and links of the documents, which tests run as they stand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(document, language):
    """Return the code blocks in a language of a document, a path from the root of the repository."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def links(document):
    """Return the files that a document links to."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", text)
    return sorted({(ROOT / document).parent / link for link in found})
