"""JSON files, settings that must stay the same, and content hashes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("indent", [2, None])
def test_a_value_comes_back(tmp_path, indent):
    value = {"text": "Größe \u2028 北京", "list": [1, 0.1, None, True], "empty": {}}
    write_json(tmp_path / "folder" / "value.json", value, indent=indent)
    assert read_json(tmp_path / "folder" / "value.json") == value
    text = (tmp_path / "folder" / "value.json").read_text("utf-8")
    assert "Größe" in text and text.endswith("}\n")


def test_a_value_that_json_cannot_represent_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "value.json", 1)
    with pytest.raises(TypeError, match="set"):
        write_json(tmp_path / "value.json", {1, 2})
    assert [path.name for path in tmp_path.iterdir()] == ["value.json"]
    assert read_json(tmp_path / "value.json") == 1


def test_a_broken_file_is_named_with_its_line(tmp_path):
    (tmp_path / "value.json").write_text('{"a": 1,\n "b": }\n')
    with pytest.raises(ValueError, match=r"value\.json, line 2: not JSON \(Expecting value\)"):
        read_json(tmp_path / "value.json", default=None)


def test_a_missing_file(tmp_path):
    assert read_json(tmp_path / "value.json", default=None) is None
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "value.json")


def test_equal_settings_are_accepted_and_an_unset_one_equals_none():
    require_same({"seed": 1, "alpha": None}, {"seed": 1}, lambda *_: pytest.fail("a difference"))


@pytest.mark.parametrize(
    ("known", "current", "message"),
    [
        ({"a": 1, "b": 2}, {"a": 3, "b": 4}, "a: 1 -> 3"),
        ({"a": 1}, {"a": 1, "b": 4}, "b: None -> 4"),
        ({"b": 2}, {}, "b: 2 -> None"),
        ({"a": [1, 2]}, {"a": [2, 1]}, r"a: \[1, 2\] -> \[2, 1\]"),
    ],
)
def test_the_first_difference_is_an_error(known, current, message):
    with pytest.raises(ValueError, match=message):
        require_same(known, current, lambda name, known, current: f"{name}: {known} -> {current}")


@given(value=VALUES)
def test_hashes_depend_on_the_value_only(value):
    assert hash_json(value) == hash_json(json.loads(json.dumps(value)))
    assert hash_json({"a": value, "b": 0}) == hash_json({"b": 0, "a": value}) != hash_json({"a": value, "b": 1})


def test_hashes_are_stored_in_files_and_so_must_stay_the_same():
    assert hash_json({"a": 1, "ü": [2.5, None]}, length=16) == "79b6ddd59e5a06ba"
    assert [len(hash_json(0)), len(hash_json(0, length=64))] == [32, 64]
    assert hash_json(0, length=64).startswith(hash_json(0))


def test_values_without_a_hash():
    with pytest.raises(TypeError, match="set"):
        hash_json({1, 2})
