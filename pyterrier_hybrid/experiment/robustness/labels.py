"""Names of values and conditions in tables and figures."""

VALUES = {
    "relative": "relative drop",
    "drop": "drop",
    "perturbed": "with perturbed queries",
    "clean": "without perturbation",
    "worst": "worst draw of each query",
    "changed": "share of changed queries",
    "urisk": "URisk",
    "trisk": "TRisk",
}
"""The columns that tables and figures show, and what they are."""


def condition_label(perturbation: str, severity: float) -> str:
    """Name a perturbation at a severity.

    Example:
        >>> condition_label("Typing", 0.05), condition_label("Case", 1.0)
        ('Typing .05', 'Case')
    """
    return perturbation if severity == 1 else f"{perturbation} {severity:g}".replace(" 0.", " .")
