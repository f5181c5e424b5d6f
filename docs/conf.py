"""How Sphinx builds ``pyterrier_hybrid/pt_docs`` as a site of its own: ``make docs``.

PyTerrier's site builds the same pages with its own settings. So that they work there, this file uses no extension
and no option of MyST that PyTerrier's ``docs/conf.py`` does not have.
"""

import pyterrier_hybrid

project = "pyterrier_hybrid"
author = "The pyterrier_hybrid authors"
copyright = author  # noqa: A001
version = release = pyterrier_hybrid.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]

autoclass_content = "both"
autodoc_default_options = {"member-order": "bysource"}
autodoc_inherit_docstrings = False
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"pyterrier_hybrid {release}"
html_show_sphinx = False
html_show_copyright = False
# The pages are read offline too: nothing is loaded from elsewhere.
html_copy_source = False
