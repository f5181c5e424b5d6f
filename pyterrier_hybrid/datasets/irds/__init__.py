"""The families as datasets of ir_datasets.

Importing ir_datasets can register the families, which needs the modules of this package. It is imported here, so that
it comes before all of them.
"""

import ir_datasets  # noqa: F401
