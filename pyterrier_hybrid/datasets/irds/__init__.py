"""The families as ir_datasets sees them.

The import below may register the families, which needs the modules of this folder. Here it comes before them, whichever
of them is imported first.
"""

import ir_datasets  # noqa: F401
