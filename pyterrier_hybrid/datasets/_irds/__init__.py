"""The families as ir_datasets sees them.

The import below may already register the families, which needs the modules of this folder. They come after it in any order of
imports, because Python imports a package before its modules.
"""

import ir_datasets  # noqa: F401
