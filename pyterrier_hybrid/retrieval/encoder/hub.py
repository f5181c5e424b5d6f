"""Download of encoders from the Hugging Face hub, and upload to it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from pyterrier_hybrid.retrieval.encoder.settings import read_modules
from pyterrier_hybrid.utils.files import scratch_folder
from pyterrier_hybrid.utils.formatting import short_repr

_REPO_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


def is_hub_name(name: str) -> bool:
    """Return whether a name looks like ``user/model`` and is not a local folder.

    Example:
        >>> is_hub_name("intfloat/multilingual-e5-small"), is_hub_name("/models/mine")
        (True, False)
    """
    return bool(_REPO_ID.fullmatch(name)) and not Path(name).exists()


def model_folder(model: str | Path, *, trust_remote_code: bool = False) -> Path:
    """Return the folder of a model, downloading it if it is on the hub.

    Weights in the main folder of a repository are not downloaded here, but by transformers when it loads them.

    Args:
        model: A folder or the name of a repository.
        trust_remote_code: Also download the model's code.

    Raises:
        FileNotFoundError: The model is neither a folder nor a repository that can be reached.
        TypeError: ``model`` is not a name.
        ValueError: The repository's ``modules.json`` is damaged.
    """
    if not isinstance(model, (str, Path)):
        raise TypeError(
            f"model={short_repr(model)} is a {type(model).__name__}: pass a model's folder or its name on the Hugging "
            "Face hub"
        )
    if not str(model).strip() or "\0" in str(model):
        raise ValueError(f"model={model!r} is not a name: pass a model's folder or its name on the Hugging Face hub")
    with suppress(OSError):  # such as a name that is too long
        if Path(model).is_dir():
            return Path(model)
    if not isinstance(model, str) or model.count("/") > 1 or model.startswith((".", "/", "~")):
        raise FileNotFoundError(f"{model} is not a folder: pass a model's folder or its name on the Hugging Face hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    other_formats = ["onnx/*", "openvino/*", "coreml/*", "*/checkpoint-*", "checkpoint-*"]
    small_files = ["*.json", "*.txt", "*.model", *(["*.py"] if trust_remote_code else [])]
    try:
        folder = Path(snapshot_download(model, allow_patterns=small_files, ignore_patterns=other_formats))
        weights = [
            str(PurePosixPath(module["path"]) / ("*" if module["path"] else "model")) + ".safetensors"
            for module in read_modules(folder)
            if module["path"] or not module["type"].endswith("Transformer")
        ]
        return Path(snapshot_download(model, allow_patterns=[*small_files, *weights], ignore_patterns=other_formats))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise FileNotFoundError(
            f"{model!r} is neither a folder nor a model on the Hugging Face hub or in the local cache "
            f"({type(error).__name__}): check the name and the connection; without one, run `hf download {model} "
            "--local-dir FOLDER` on another machine, copy FOLDER here, and pass it as the model"
        ) from error


def push(
    write: Callable[[Path, str], object], repo_id: str, *, private: bool, token: str | None, commit_message: str
) -> str:
    """Upload what ``write`` writes to a repository, which is created if needed.

    Args:
        write: Called with an empty folder and the full name of the repository.
        repo_id: ``user/name``, or a name in the account of the token.
        private: Whether a new repository is private; an existing one is left as it is.
        token: A token with write access; None uses the token of ``hf auth login``.
        commit_message: Message of the commit.

    Returns:
        The URL of the repository.

    Raises:
        ValueError: ``repo_id`` is not a valid name.
        ConnectionError: The hub cannot be reached or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    api = HfApi(token=token)
    with _short_errors(repo_id):
        url = api.create_repo(repo_id, private=private, repo_type="model", exist_ok=True)
    with scratch_folder("upload") as folder:
        write(folder, url.repo_id)
        with _short_errors(repo_id):
            api.upload_folder(repo_id=url.repo_id, folder_path=folder, repo_type="model", commit_message=commit_message)
    return str(url)


@contextmanager
def _short_errors(repo_id: str) -> Iterator[None]:
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ConnectionError(
            f"the encoder was not uploaded to {repo_id!r} on the Hugging Face hub ({reason}): check the connection, "
            "the variable HF_HUB_OFFLINE, and that the token has write access"
        ) from error
