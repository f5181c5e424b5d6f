"""Formatting of numbers for tables and figures."""

import re


def format_number(value: float, digits: int) -> str:
    """Format a number without the leading zero, as papers print it.

    Args:
        value: The number.
        digits: Number of decimal places.

    Example:
        >>> format_number(0.7954, 3), format_number(-0.25, 2), format_number(412.3, 0)
        ('.795', '-.25', '412')
    """
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.{digits}f}")
