"""The families as datasets of ir_datasets.

Importing ir_datasets may register the families, which imports the modules of this package. It is therefore imported
here, before any of them.
"""

import ir_datasets  # noqa: F401
