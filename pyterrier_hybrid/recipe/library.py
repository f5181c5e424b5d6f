"""The recipes that come with this package, in its folder ``recipes``."""

from importlib.resources import files
from pathlib import Path

from pyterrier_hybrid.utils.suggestions import unknown_name


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with this package.

    Example:
        >>> recipe_names()
        ['atlas', 'laptop', 'laptop-as-measured', 'open-data', 'paper-labse', 'paper-xlmr']
    """
    return sorted(_files())


def recipe_file(name: str) -> Path:
    """Return the file of a recipe of this package.

    Args:
        name: Its name, such as ``laptop``.

    Raises:
        FileNotFoundError: There is no such recipe.

    Example:
        >>> recipe_file("laptop").name
        'laptop.yaml'
    """
    try:
        return _files()[name]
    except KeyError:
        raise FileNotFoundError(f"recipe {unknown_name(name, recipe_names())}") from None


def _files() -> dict[str, Path]:
    folder = Path(str(files("pyterrier_hybrid"))) / "recipes"
    return {file.stem: file for file in folder.rglob("*.yaml")}
