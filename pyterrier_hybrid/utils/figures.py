"""Matplotlib figures without pyplot and its global state."""

import re
from io import BytesIO, StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure

_FOR_PAGES = tuple(
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        (r"^.*?<svg [^>]*?(?=width=')", "<svg fill='currentColor' stroke-linejoin='round' "),
        # A style would hold for the whole page, and so would a name, which another picture may have too.
        (r"<style.*?</style>", ""),
        (r"xlink:href", "href"),
        (r'<g id="[^"]*">', "<g>"),
        (r"font-family: [^;\"]*;?", ""),
        (r"stroke: #e6e6e6", "stroke: currentColor; stroke-opacity: .15"),
        (r"#000000|#222222|#595959", "currentColor"),
    )
)
"""What is changed in matplotlib's SVG, in this order."""


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

    def svg(self) -> str:
        """Return the figure as SVG for a page: without a background, black lines and text in the colour of the page.

        Text stays text. The same figure gives the same SVG.

        Example:
            >>> Picture(figsize=(1, 1)).svg().startswith("<svg fill='currentColor'")
            True
        """
        file = StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "pyterrier_hybrid"}):
            self.savefig(file, format="svg", transparent=True, metadata=nothing)
        picture = file.getvalue()
        # 96 pixels of a page are an inch.
        width = 96 * self.get_figwidth()
        size = f"width='{width:.0f}' style='min-width:{0.75 * width:.0f}px' viewBox"
        picture = picture.replace("viewBox", size, 1)
        for pattern, replacement in _FOR_PAGES:
            picture = pattern.sub(replacement, picture)
        return picture

    def _repr_png_(self) -> bytes:
        return self.png()
