"""Matplotlib figures without pyplot and its global state."""

from io import BytesIO

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure that notebooks display although it was not made with pyplot.

    Example:
        >>> Picture(figsize=(1, 1)).png()[1:4]
        b'PNG'
    """

    def png(self) -> bytes:
        """Return the figure as the content of a PNG file."""
        file = BytesIO()
        self.savefig(file, format="png", facecolor="white")
        return file.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()
