"""Figures without pyplot and its global state."""

from io import BytesIO

from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib figure that notebooks show although pyplot, with its choice of a backend, does not know it.

    >>> Picture(figsize=(1, 1)).png()[1:4]
    b'PNG'
    """

    def png(self) -> bytes:
        """The figure as a PNG file."""
        picture = BytesIO()
        self.savefig(picture, format="png", facecolor="white")
        return picture.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()
