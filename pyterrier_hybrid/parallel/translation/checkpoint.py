"""Where a model's files are: a folder, or a revision on the hub. Both have a fingerprint."""

from dataclasses import dataclass
from pathlib import Path

from pyterrier_hybrid.parallel.translation.licences import say_licence
from pyterrier_hybrid.utils.checksums import checksum
from pyterrier_hybrid.utils.hashing import hash_json

_FILES = ("*.safetensors", "*.bin", "*.json", "*.spm", "*.model", "*.txt")


@dataclass(frozen=True)
class Checkpoint:
    """A model's files.

    Attributes:
        model: Folder, or name on the hub.
        revision: Commit of the hub; ``None`` for folders.
        fingerprint: What identifies the files.
    """

    model: str
    revision: str | None
    fingerprint: str

    @property
    def name(self) -> str:
        """Name and revision for records: ``facebook/m2m100_418M@55c2e61``."""
        return f"{self.model}@{self.revision[:7]}" if self.revision else self.model

    @classmethod
    def find(cls, model: str, revision: str | None = None) -> "Checkpoint":
        """Find a model; of one on the hub, the config is downloaded, after its licence was printed.

        Args:
            model: Folder, or name on the hub.
            revision: Commit, branch or tag on the hub; default: the main branch.

        Raises:
            FileNotFoundError: There is no such folder or model.
        """
        if Path(model).is_dir():
            files = sorted({path for pattern in _FILES for path in Path(model).glob(pattern)})
            if not any(path.name == "config.json" for path in files):
                raise FileNotFoundError(f"{model} has no config.json: choose the folder of a model")
            sums = {path.name: checksum(path) for path in files}
            return cls(model, None, hash_json(sums))
        from transformers.utils import cached_file
        from transformers.utils.hub import extract_commit_hash

        say_licence(model)
        try:
            path = cached_file(model, "config.json", revision=revision)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise FileNotFoundError(
                f"{model} is neither a folder nor a model that can be loaded from huggingface.co: {reason}"
            ) from error
        commit = extract_commit_hash(path, None) or revision or "main"
        return cls(model, commit, hash_json([model, commit]))
