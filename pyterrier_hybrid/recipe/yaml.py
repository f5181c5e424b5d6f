"""YAML files of plain values, with the position of each value in its file."""

import re
from pathlib import Path
from typing import Any

import yaml

from pyterrier_hybrid.recipe.checks import Keys

Positions = dict[Keys, tuple[int, int]]
"""Line and column, from 1, of the value at each path; for an entry of a mapping, those of its key."""

# Plain scalars as in YAML 1.2 (and 16_000). In YAML 1.1, the language code `no` is false and 3e-5 is a string.
_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "int": (r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "merge": (r"<<", "<"),
}


# Bounds far above any recipe: a few bytes of nested aliases or merges can stand for billions of values.
_MAX_BYTES = 300_000
_MAX_VALUES = 100_000
_MAX_DEPTH = 50
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.values = 0
        self._depth = 0
        self._flattened: dict[int, bool] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(
                problem=f"lists and mappings are nested more than {_MAX_DEPTH} deep", problem_mark=mark
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if id(node) in self._flattened:
            if not self._flattened[id(node)]:
                raise _error(node, "an alias of a value that contains it")
            return
        self._flattened[id(node)] = False
        for key, value in node.value:
            if key.tag == _MERGE:
                parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
                mappings = [part for part in parts if isinstance(part, yaml.MappingNode)]
                for part in mappings:
                    self.flatten_mapping(part)
                self.count(sum(len(part.value) for part in mappings), key)
        self._flattened[id(node)] = True
        super().flatten_mapping(node)

    def count(self, values: int, node: yaml.Node) -> None:
        self.values += values
        if self.values > _MAX_VALUES:
            raise _error(node, f"the file stands for more than {_MAX_VALUES:,} values, counting each alias")

    def plain_int(self, node: yaml.ScalarNode) -> int:
        return int(str(self.construct_scalar(node)).replace("_", ""))

    def plain_float(self, node: yaml.ScalarNode) -> float:
        return float(str(self.construct_scalar(node)).replace("_", ""))


class _Dumper(yaml.SafeDumper):
    """Quotes every string that either version of YAML would read as something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


for _name, (_pattern, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.plain_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.plain_float)


def read_yaml(path: Path) -> tuple[Any, Positions]:
    r"""Read a file of one YAML document with plain values: mappings, lists, strings, numbers, true, false, null.

    Args:
        path: The file, in UTF-8.

    Returns:
        The value, and the position of each of its parts.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: The file is not YAML, repeats a key, has objects that are not plain values, or is too large, too
            deep or an alias bomb. The message names line and column.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "recipe.yaml"
        ...     _ = path.write_text("training: {dropout: 1e-1}\nlanguages: [no]")
        ...     read_yaml(path)
        ({'training': {'dropout': 0.1}, 'languages': ['no']},
         {('training',): (1, 1), ('training', 'dropout'): (1, 12), ('languages',): (2, 1), ('languages', 0): (2, 13)})
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{path}: larger than {_MAX_BYTES:,} bytes, so not a recipe; pass training pairs as pairs")
    text = ""
    try:
        text = content.decode("utf-8-sig")
        loader = _Loader(text)
        node = loader.get_single_node()
        positions: Positions = {}
        return (None if node is None else _value(loader, node, (), positions, ())), positions
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        raise ValueError(
            f"{path}: the character {chr(error.character)!r} at line {line}, column {column}, cannot be in a YAML file"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = " ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{path}{position}: {what}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None


def write_yaml(value: Any) -> str:
    """Write plain values so that :func:`read_yaml` reads them, short lists and mappings on one line.

    Example:
        >>> print(write_yaml({"languages": ["no", "de"], "learning_rate": 3e-5}), end="")
        languages: ['no', de]
        learning_rate: 3.0e-05
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def _value(
    loader: _Loader, node: yaml.Node, path: Keys, positions: Positions, outer_nodes: tuple[yaml.Node, ...]
) -> Any:
    """Construct the value of a node and add the positions of its parts."""
    loader.count(1, node)
    if path:
        positions.setdefault(path, _position(node))
    if any(node is outer for outer in outer_nodes):
        raise _error(node, "an alias of a value that contains it")
    outer_nodes = (*outer_nodes, node)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_value(loader, part, (*path, i), positions, outer_nodes) for i, part in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        keys = [key.value for key, _ in node.value]
        loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        # Merged entries come first, so that the mapping's own ones replace them.
        for key_node, part in node.value:
            key = _plain(loader, key_node)
            if not isinstance(key, str):
                raise _error(key_node, f"the key {key!r} is not a string: write it in quotes")
            if key in result and keys.count(key) > 1:
                raise _error(key_node, f"the key {key!r} occurs twice")
            part_path = (*path, key)
            positions[part_path] = _position(key_node)
            result[key] = _value(loader, part, part_path, positions, outer_nodes)
        return result
    return _plain(loader, node)


def _plain(loader: _Loader, node: yaml.Node) -> Any:
    """Construct a string, number, true, false or null."""
    try:
        value = loader.construct_object(node)
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError):
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        raise _error(node, f"{str(node.value)[:40]!r} cannot be read as {kind}") from None
    if value is not None and not isinstance(value, str | int | float):
        if isinstance(node, yaml.ScalarNode):
            raise _error(node, f"{node.value!r} is not a plain value: write a string, a number, true, false or null")
        raise _error(node, "a list or mapping cannot be here, nor have a tag")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _error(node, f"{value[error.start]!r} is half of a surrogate pair: write the character") from None
    return value


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _error(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)
