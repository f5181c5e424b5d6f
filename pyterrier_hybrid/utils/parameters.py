"""Transformers whose parameters can be searched by PyTerrier."""

from typing import Any

import pyterrier as pt

from pyterrier_hybrid.utils.suggestions import did_you_mean


class CheckedTransformer(pt.Transformer):
    """Base class of transformers with parameters: ``pt.GridScan`` sets only what the constructor accepts.

    A subclass keeps each argument of its constructor under the argument's name.
    """

    def set_parameter(self, name: str, value: Any) -> None:
        """Change one argument of the constructor, with its checks.

        Args:
            name: Name of the argument.
            value: Its new value.

        Raises:
            ValueError: There is no such argument, or the value is refused as by the constructor.
            TypeError: The value has the wrong type.

        Example:
            >>> import pyterrier_hybrid as ph
            >>> feedback = ph.VectorFeedback()
            >>> feedback.set_parameter("k", 0)
            Traceback (most recent call last):
            ...
            ValueError: k=0: it must be at least 1
            >>> feedback.set_parameter("k", 3)
            >>> feedback
            VectorFeedback(k=3, weight=0.5, temperature=0.01)
        """
        names = [attribute.name for attribute in pt.inspect.transformer_attributes(self)]
        if name not in names:
            raise ValueError(
                f"{type(self).__name__} has no parameter {name!r}: choose one of {', '.join(names)}"
                f"{did_you_mean(name, names)}"
            )
        # Whatever the constructor checks, converts or derives from its arguments holds for the new value, too.
        self.__dict__.update(vars(pt.inspect.transformer_apply_attributes(self, **{name: value})))
