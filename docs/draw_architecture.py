"""Draw the rooms of the package and the imports between them, as they are in the code.

    python docs/draw_architecture.py                # writes docs/architecture.svg
    python docs/draw_architecture.py --numbers      # prints figures about the imports
    python docs/draw_architecture.py --package FOLDER --numbers     # of another checkout

How things are counted:

- A room is a sub-package of pyterrier_hybrid; modules beside them count as the room "top level".
- An import is a pair of modules, one of which imports the other, however many names or lines that takes. Imports inside
  functions and under TYPE_CHECKING count.
- A name imported from a package counts as an import of the module that defines it, not of the package's __init__: its
  imports, its stub (__init__.pyi) and its table of lazy names say which module that is.
- Imports that an __init__ makes of its own sub-modules are re-exports and do not count, or else each module that
  imports another one of its package would close a circle.
- An import circle is a strongly connected component: two or more modules that all reach each other by imports.
- A private import across rooms is an import of a module with a leading underscore, or of such a name, from a room by
  another one, as it is written. Private modules beside the rooms belong to all of them and do not count.
"""

import argparse
import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "pyterrier_hybrid"
TOP = "top level"


class Imports:
    """The imports between the modules of the package in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read the package below `folder`."""
        self.folder = folder
        sys.path.insert(0, str(folder))
        graph = grimp.build_graph(PACKAGE, cache_dir=None)
        self.modules = sorted(graph.modules)
        self.packages = {name for name in self.modules if self.path(name).name == "__init__.py"}
        self.lines = {name: len(self.path(name).read_text(encoding="utf-8").splitlines()) for name in self.modules}
        self.unresolved: list[str] = []
        self.written = [
            (importer, imported)
            for importer in self.modules
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
        ]
        self.edges = {
            (importer, target)
            for importer, imported in self.written
            for target in self._targets(importer, imported)
            if target != importer and not (importer in self.packages and f"{target}.".startswith(f"{importer}."))
        }

    def path(self, module: str) -> Path:
        """The file of a module."""
        path = self.folder.joinpath(*module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def room(self, module: str) -> str | None:
        """The room of a module; None for the package itself."""
        parts = module.split(".")
        if len(parts) == 1:
            return None
        return parts[1] if f"{PACKAGE}.{parts[1]}" in self.packages else TOP

    @cache
    def names_from(self, importer: str) -> dict[str, list[str]]:
        """The names that a module imports from each module or package, by `from x import y`."""
        found: dict[str, list[str]] = {}
        for source, name, _ in _from_imports(self.path(importer), importer, importer in self.packages):
            found.setdefault(source, []).append(name)
        return found

    @cache
    def defined_in(self, package: str, name: str) -> str:
        """The module that defines what a package exports under a name; the package where it can't be found."""
        exported = _exports(self.path(package), package)
        source, original = exported.get(name, (None, name))
        if source is None or source == package:
            return package
        if f"{source}.{original}" in self.modules:
            return f"{source}.{original}"
        return self.defined_in(source, original) if source in self.packages else source

    def _targets(self, importer: str, imported: str) -> set[str]:
        if imported not in self.packages:
            return {imported}
        names = [
            name for name in self.names_from(importer).get(imported, []) if f"{imported}.{name}" not in self.modules
        ]
        if not names:
            self.unresolved.append(f"{importer} -> {imported}")
            return {imported}
        return {self.defined_in(imported, name) for name in names}

    def circles(self) -> list[list[str]]:
        """The import circles, largest first."""
        targets: dict[str, list[str]] = {}
        for importer, imported in sorted(self.edges):
            targets.setdefault(importer, []).append(imported)
        found = _components(self.modules, targets)
        return sorted((sorted(part) for part in found if len(part) > 1), key=lambda part: (-len(part), part))

    def between_rooms(self) -> Counter:
        """The number of imports from each room to each other one."""
        pairs = ((self.room(importer), self.room(imported)) for importer, imported in self.edges)
        return Counter(pair for pair in pairs if pair[0] != pair[1] and None not in pair)

    def private_modules(self) -> list[str]:
        """Imports of private modules of another room."""
        return [
            f"{importer} -> {imported}"
            for importer, imported in self.written
            if self.room(importer) != self.room(imported)
            and self.room(imported) not in (None, TOP)
            and any(_is_private(part) for part in imported.split(".")[2:])
        ]

    def private_names(self) -> list[str]:
        """Imports of private names that are no modules, from another module."""
        return [
            f"{importer} -> {source}.{name}"
            for importer in self.modules
            for source, names in sorted(self.names_from(importer).items())
            for name in names
            if _is_private(name) and f"{source}.{name}" not in self.modules and source in self.modules
        ]

    def private_attributes(self) -> int:
        """Uses of private attributes of anything but self and cls."""
        count = 0
        for module in self.modules:
            for node in ast.walk(ast.parse(self.path(module).read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and _is_private(node.attr):
                    count += not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        return count


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _from_imports(path: Path, module: str, is_package: bool) -> list[tuple[str, str, str]]:
    """(source, name, name here) of the `from x import y` of a file, anywhere in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parts = module.split(".")
                base = parts[: len(parts) - node.level + is_package]
                source = ".".join([*base, *([source] if source else [])])
            found += [(source, alias.name, alias.asname or alias.name) for alias in node.names]
    return found


@cache
def _exports(path: Path, package: str) -> dict[str, tuple[str, str]]:
    """The module and original name of what a package imports, in its __init__, its stub or a table of lazy names."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        # A dictionary of strings: name -> module, relative to the package.
        if isinstance(node, ast.Dict) and node.keys:
            texts = [part.value if isinstance(part, ast.Constant) else None for part in (*node.keys, *node.values)]
            if all(isinstance(text, str) for text in texts):
                half = len(texts) // 2
                found |= {
                    name: (f"{package}.{module}", name) for name, module in zip(texts[:half], texts[half:], strict=True)
                }
    for file in (path, path.with_suffix(".pyi")):
        if file.exists():
            found |= {here: (source, name) for source, name, here in _from_imports(file, package, True)}
    return found


def _components(nodes: list[str], targets: dict[str, list[str]]) -> list[list[str]]:
    """Strongly connected components, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in targets.get(node, []):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            start = stack.index(node)
            found.append(stack[start:])
            del stack[start:]

    for node in nodes:
        if node not in index:
            visit(node)
    return found


def layers() -> list[list[str]]:
    """The rooms of each layer, the highest first, as import-linter has them in pyproject.toml."""
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(contract for contract in config["contracts"] if contract["type"] == "layers")
    return [[room.strip(" ()") for room in layer.split("|")] for layer in contract["layers"]]


def rooms_of(imports: Imports) -> dict[str, tuple[int, int]]:
    """The numbers of modules and of lines of each room, in the order of the layers."""
    known = [room for layer in layers() for room in layer]
    found = {imports.room(module) for module in imports.modules} - {None}
    ordered = [*(room for room in known if room in found), *sorted(found - set(known))]
    sizes = {}
    for room in ordered:
        lines = [imports.lines[module] for module in imports.modules if imports.room(module) == room]
        sizes[room] = len(lines), sum(lines)
    return sizes


def print_numbers(imports: Imports) -> None:
    """Print how many modules, lines, circles and private imports there are."""
    print(f"modules                                  {len(imports.modules)}")
    print(f"lines                                    {sum(imports.lines.values())}")
    print(f"longest module                           {max(imports.lines.values())} lines")
    print(f"imports between modules                  {len(imports.edges)}")
    print(f"imports between rooms                    {sum(imports.between_rooms().values())}")
    circles, modules = imports.circles(), imports.private_modules()
    names = imports.private_names()
    print(f"import circles                           {len(circles)}, of {sum(map(len, circles))} modules")
    print(f"private modules of another room imported {len(modules)}")
    print(f"private names of another module imported {len(names)}")
    print(f"private attributes of other objects used {imports.private_attributes()}")
    print(f"imports of a whole package, by its name  {len(imports.unresolved)}")
    print("\nrooms: modules, lines")
    for room, (count, lines) in rooms_of(imports).items():
        print(f"  {room:12} {count:4} {lines:6}")
    print("\nimports between rooms")
    for (importer, imported), count in sorted(imports.between_rooms().items()):
        print(f"  {importer:12} -> {imported:12} {count:4}")
    for title, found in (
        ("import circles", [", ".join(circle) for circle in circles]),
        ("private modules of another room imported", modules),
        ("private names of another module imported", names),
    ):
        print(f"\n{title}{'' if found else ': none'}")
        print("".join(f"  {line.replace(f'{PACKAGE}.', '')}\n" for line in found), end="")


def draw(imports: Imports, path: Path) -> None:
    """Draw the rooms down a diagonal, the highest layer first: a row has what a room imports."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": PACKAGE, "svg.fonttype": "path", "font.size": 9})
    sizes, between = rooms_of(imports), imports.between_rooms()
    place = {room: number for number, room in enumerate(sizes)}
    layer_of = {room: number for number, layer in enumerate(layers()) for room in layer}
    step_x, step_y, width, height = 1.75, 1.0, 1.5, 0.64
    ink, wrong = "#44546a", "#c0392b"
    left, right = -width / 2 - 0.1, (len(sizes) - 1) * step_x + width / 2 + 0.1
    bottom, top = -(len(sizes) - 1) * step_y - height / 2 - 0.5, height / 2 + 0.1
    # The axes fill the figure, so that boxes are as wide as their text needs.
    figure = plt.figure(figsize=(0.95 * (right - left), 0.8 * (top - bottom)))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(left, right), ylim=(bottom, top))
    for (importer, imported), count in sorted(between.items()):
        row, column = place[importer], place[imported]
        # A room may import those of lower layers only, which are to its right.
        allowed = layer_of.get(importer, 99) < layer_of.get(imported, -1)
        color = ink if allowed else wrong
        side = 1 if column > row else -1
        x, y = column * step_x, -row * step_y
        start = row * step_x + side * width / 2
        # Arrows of one room leave together and those into one room arrive together: each has its number at its corner.
        axes.plot([start, x], [y, y], color=color, linewidth=1, zorder=1.5 if allowed else 1)
        end = -column * step_y + side * height / 2
        axes.annotate(
            "", (x, end), (x, y), zorder=1.5 if allowed else 1,
            arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.text(
            x, y, str(count), ha="center", va="center", color=color, zorder=3,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": color, "linewidth": 0.8},
        )  # fmt: skip
    for room, (count, lines) in sizes.items():
        x, y = place[room] * step_x, -place[room] * step_y
        box = plt.Rectangle(
            (x - width / 2, y - height / 2), width, height, facecolor="#dce6f2", edgecolor=ink, linewidth=1.2, zorder=2
        )
        axes.add_patch(box)
        axes.text(x, y + 0.11, room, ha="center", va="center", weight="bold", size=10, zorder=4)
        axes.text(x, y - 0.15, f"{count} modules, {lines:,} lines", ha="center", va="center", size=7, zorder=4)
    note = "Each box is a room; its row shows which rooms it imports. Numbers count pairs of modules."
    if any(layer_of.get(importer, 99) >= layer_of.get(imported, -1) for importer, imported in between):
        note += " Red: against the layers."
    axes.text(-width / 2, bottom + 0.2, note, va="center", color=ink, size=8.5)
    axes.axis("off")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    # Matplotlib leaves spaces at the ends of lines.
    path.write_text("\n".join(map(str.rstrip, path.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")


def main() -> None:
    """Draw, or print figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", action="store_true", help="print figures instead of drawing")
    parser.add_argument("--package", type=Path, default=ROOT, help="the folder that has pyterrier_hybrid/")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "architecture.svg")
    options = parser.parse_args()
    imports = Imports(options.package.resolve())
    if options.numbers:
        print_numbers(imports)
    else:
        draw(imports, options.output)
        print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
