"""Encoders on the Hugging Face hub."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def push(
    write: Callable[[Path, str], object], repo_id: str, *, private: bool, token: str | None, commit_message: str
) -> str:
    """Make a repository of what ``write`` writes.

    Args:
        write: called with an existing, empty folder and the repository's full name.
        repo_id: ``user/name``, or a name for the token's own user.
        private: whether a new repository is private; one that exists stays as it is.
        token: that may write there; ``None`` takes the one of ``hf auth login``.
        commit_message: of the upload.

    Returns:
        The repository's address.

    Raises:
        ValueError: ``repo_id`` is no name of a repository.
        ConnectionError: the hub cannot be reached or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    api = HfApi(token=token)
    with _one_sentence(repo_id):
        url = api.create_repo(repo_id, private=private, repo_type="model", exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-") as folder:
        write(Path(folder), url.repo_id)
        with _one_sentence(repo_id):
            api.upload_folder(repo_id=url.repo_id, folder_path=folder, repo_type="model", commit_message=commit_message)
    return str(url)


@contextmanager
def _one_sentence(repo_id: str) -> Iterator[None]:
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ConnectionError(
            f"the encoder was not uploaded to {repo_id!r} on the Hugging Face hub ({reason}): check the connection, "
            "the variable HF_HUB_OFFLINE, and that the token may write there"
        ) from error
