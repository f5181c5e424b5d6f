"""YAML in and out: plain values, and the place of each in its file."""

import re
from pathlib import Path
from typing import Any

import yaml

Places = dict[tuple[str | int, ...], tuple[int, int]]
"""Line and column, from 1, of the value at each path of keys and positions; of a mapping's entry, those of its key."""

# Plain scalars as in YAML 1.2 instead of 1.1, where the language code `no` is false and 3e-5 a text; and 16_000.
_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "int": (r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "merge": (r"<<", "<"),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


class _Dumper(yaml.SafeDumper):
    """Quotes what either version of YAML would read as something else than a text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


for _name, (_pattern, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node).replace("_", ""))
)
_Loader.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node).replace("_", ""))
)


def read_yaml(path: Path) -> tuple[Any, Places]:
    r"""Read a file of one YAML document with plain values: mappings, lists, texts, numbers, true, false, null.

    Args:
        path: The file, in UTF-8.

    Returns:
        The value, and the place of each of its parts.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: With line and column, if it is not YAML, has a key twice, or asks for other objects than plain ones.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "recipe.yaml"
    ...     _ = path.write_text("training:\n  learning_rate: 3e-5\nlanguages: [no, de]")
    ...     read_yaml(path)
    ({'training': {'learning_rate': 3e-05}, 'languages': ['no', 'de']},
     {('training',): (1, 1), ('training', 'learning_rate'): (2, 3), ('languages',): (3, 1), ('languages', 0): (3, 13),
      ('languages', 1): (3, 17)})
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        places: Places = {}
        return (None if node is None else _value(loader, node, (), places, ())), places
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{path}, line {mark.line + 1}, column {mark.column + 1}: {what}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None


def write_yaml(value: Any) -> str:
    """Write plain values as :func:`read_yaml` reads them, short lists and mappings in one line.

    >>> print(write_yaml({"languages": ["no", "de"], "learning_rate": 3e-5}), end="")
    languages: ['no', de]
    learning_rate: 3.0e-05
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def _value(
    loader: _Loader, node: yaml.Node, path: tuple[str | int, ...], places: Places, around: tuple[yaml.Node, ...]
) -> Any:
    if path:
        places.setdefault(path, _place(node))
    if any(node is outer for outer in around):
        raise yaml.constructor.ConstructorError(problem="an alias of what it is in", problem_mark=node.start_mark)
    around = (*around, node)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_value(loader, part, (*path, at), places, around) for at, part in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        own = [key.value for key, _ in node.value]
        loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        # What is merged comes first, for the mapping's own keys to replace it.
        for key_node, part in node.value:
            key = loader.construct_object(key_node)
            if not isinstance(key, str):
                problem = f"the key {key!r} is no text: write it in quotes"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key_node.start_mark)
            if key in result and own.count(key) > 1:
                problem = f"the key {key!r} is there a second time"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key_node.start_mark)
            places[(*path, key)] = _place(key_node)
            result[key] = _value(loader, part, (*path, key), places, around)
        return result
    return loader.construct_object(node)


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
