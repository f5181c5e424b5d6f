"""Weights on disk: safetensors only, from files that are checked before transformers and torch read them."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from pyterrier_hybrid.utils.json_files import read_json
from pyterrier_hybrid.utils.safetensors_files import refuse_lfs_pointer, tensor_shapes

_FILE = "model.safetensors"
_ADAPTERS = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
# Each layer has tensors of its own, except in small models that use one layer many times.
_LAYERS = re.compile(r"layers|blocks")
_SHARED = 64
# Sizes of a model's config, by the name of the key: no model comes near, and memory for them is taken before the
# weights are looked at.
_LARGEST = (
    (_LAYERS, 1000),
    (re.compile(r"labels"), 1_000_000),
    (
        re.compile(r"size|dim|heads|length|position|width|buckets|experts|^[dn]_"),
        20_000_000,
    ),
)
# Sizes that are dimensions of tensors, of which some models put a few into one.
_WIDTH = re.compile(
    r"(hidden|intermediate|vocab|embedding|type_vocab)_size|d_(model|ff|inner)|(hidden_)?dim|n_(embd|inner)"
)
_FUSED = 8


def check_files(folder: Path) -> None:
    """Check the files of a model's folder that transformers reads itself.

    Args:
        folder: The folder.

    Raises:
        ValueError: A file is a Git LFS pointer, damaged, absurd or an adapter, or names a file that is not one of
            safetensors in this folder.
    """
    for name in _ADAPTERS:
        if (folder / name).exists():
            raise ValueError(
                f"{folder} has an adapter ({name}), which would be left out: merge it into the weights with PEFT "
                "(merge_and_unload, then save_pretrained), or remove it to use the model without"
            )
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".model", ".txt"):
            refuse_lfs_pointer(file)
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
        read_json(folder / name, default={}, kind=dict)
    config = read_json(folder / "config.json", kind=dict)
    check_sizes(config, folder / "config.json")
    for file in sorted(folder.glob("*.safetensors.index*.json")):
        names = read_json(file, kind=dict).get("weight_map")
        if not isinstance(names, dict):
            raise ValueError(f"{file}: it has no weight_map, which says where the weights are; download it again")
        for name in names.values():
            _check_name(name, file)
    if config.get("transformers_weights") is not None:
        _check_name(config["transformers_weights"], folder / "config.json")
    shapes = [tensor_shapes(file) for file in sorted(folder.glob("*.safetensors"))]
    widest = max((size for tensors in shapes for shape in tensors.values() for size in shape), default=0)
    tensors = sum(map(len, shapes))
    for key, value in config.items():
        if tensors and _LAYERS.search(key) and isinstance(value, (int, float)) and value > max(tensors, _SHARED):
            raise ValueError(
                f"{folder / 'config.json'}: {key}={value!r} does not fit the weights, which are {tensors} tensors"
            )
        # Without weights, which may still have to be downloaded, there is nothing to compare with.
        if widest and _WIDTH.fullmatch(key) and isinstance(value, (int, float)) and value > _FUSED * widest:
            raise ValueError(
                f"{folder / 'config.json'}: {key}={value!r} does not fit the weights, of which no dimension is larger "
                f"than {widest}"
            )


def check_sizes(config: dict[str, Any], file: Path) -> None:
    """Check that no size in a config, or a config inside it, is absurd.

    Args:
        config: The config.
        file: Its file, for the error message.

    Raises:
        ValueError: A size is far larger than that of any model.
    """
    for key, value in config.items():
        if isinstance(value, dict):
            check_sizes(value, file)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        for pattern, most in _LARGEST:
            if pattern.search(key) and value > most:
                raise ValueError(f"{file}: {key}={value!r} is more than any model has; at most {most:,} is read")


def _check_name(name: Any, file: Path) -> None:
    plain = isinstance(name, str) and PurePosixPath(name.replace("\\", "/")).name == name
    if not plain or not name.endswith(".safetensors"):
        raise ValueError(
            f"{file} names the weights {name!r}: only files of safetensors in the same folder are read; convert the "
            "weights (https://huggingface.co/docs/safetensors/convert-weights)"
        )


def read_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Read the names and shapes of the weights of a module, without the weights themselves.

    Args:
        folder: The module's folder.

    Raises:
        FileNotFoundError: It has no weights in safetensors.
        ValueError: The file is damaged.
    """
    if not (folder / _FILE).exists():
        raise FileNotFoundError(f"{folder} has no {_FILE}: weights in other formats are not loaded")
    return tensor_shapes(folder / _FILE)


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Read the weights of a module; raises what :func:`read_shapes` does."""
    read_shapes(folder)
    return load_file(folder / _FILE)


def write_tensors(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write the weights of a module."""
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, folder / _FILE)
