"""Translation with CTranslate2, which computes with int8: several times faster on processors."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel.translation.checkpoint import Checkpoint
from pyterrier_hybrid.parallel.translation.licences import licence_of
from pyterrier_hybrid.parallel.translation.seq2seq import DEFAULT_MODEL, join_parts, load_vocabulary, split_long
from pyterrier_hybrid.parallel.translation.vocabulary import Vocabulary
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.extras import install_command
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.hashing import hash_json

_VERSION = 1


class CTranslate2Translator:
    """Translates with CTranslate2, the library of OpenNMT, and a model of transformers that it converts.

    It needs the extra ``ctranslate2``. The model is converted at the first translation, and kept.
    Long texts are treated as by :class:`Seq2SeqTranslator`.

    Args:
        model: Name on the hub, or folder, of an M2M100, NLLB or OPUS-MT (Marian) model.
        revision: Commit, branch or tag on the hub; default: the main branch.
        compute_type: Data type of CTranslate2: ``int8``, ``int8_bfloat16``, ``bfloat16``, ``float32`` and others.
        device: ``cpu`` or ``cuda``.
        beams: Number of beams of the search; 1 is greedy, and several times faster.
        max_length: Maximum number of tokens of a text, and of its translation.
        batch_tokens: Maximum number of tokens of a batch.
        converted: Folder for the converted model; default: one in ``$HF_HOME/pyterrier_hybrid``.

    Attributes:
        name: Name and revision of the model.
        fingerprint: Changes with the model and with all options that change translations.
        licence: Licence of the model; ``None`` if it is not known.

    Raises:
        FileNotFoundError: There is no such model.
        ModuleNotFoundError: CTranslate2 is not installed.
        ValueError: An option is out of range.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        compute_type: str = "int8",
        device: str = "cpu",
        beams: int = 4,
        max_length: int = 200,
        batch_tokens: int = 4096,
        converted: str | Path | None = None,
    ) -> None:
        _library()
        self.beams = whole_number("beams", beams)
        self.max_length = whole_number("max_length", max_length, least=8)
        self.batch_tokens = whole_number("batch_tokens", batch_tokens)
        self.model, self.revision, self.device, self.compute_type = str(model), revision, device, compute_type
        self._checkpoint = Checkpoint.find(self.model, revision)
        self._converted = Path(converted) if converted is not None else None
        self.name = self._checkpoint.name
        self.licence = licence_of(self.model)

    @property
    def fingerprint(self) -> str:
        """Hash of the model and of all options that change translations."""
        options = [self.compute_type, self.beams, self.max_length]
        return hash_json(["ctranslate2", _VERSION, self._checkpoint.fingerprint, *options])

    def __call__(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate texts; see :class:`Translator`."""
        vocabulary = self._vocabulary
        parts, owners, untranslated = split_long(texts, source, target, vocabulary, self.max_length)
        encoded = vocabulary.encode(parts, source, target)
        prefix = None if encoded.first is None else vocabulary.tokens([encoded.first])
        results = self._engine.translate_batch(
            [vocabulary.tokens(ids) for ids in encoded.ids],
            target_prefix=None if prefix is None else [prefix] * len(parts),
            beam_size=self.beams, max_decoding_length=self.max_length,
            max_batch_size=self.batch_tokens, batch_type="tokens", max_input_length=0,
        )  # fmt: skip
        tokens = [result.hypotheses[0][0 if prefix is None else 1 :] for result in results]
        translations = vocabulary.decode([vocabulary.token_ids(row) for row in tokens])
        return join_parts(len(texts), translations, owners, untranslated, target)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return load_vocabulary(self._checkpoint)

    @cached_property
    def _engine(self) -> Any:
        folder = self._converted or _default_folder(self._checkpoint)
        library = _library()
        if not folder.exists():
            # Another process may have converted it meanwhile.
            with suppress(FileExistsError), whole_folder(folder) as unfinished:
                _convert(self._checkpoint, self._vocabulary, unfinished)
        return library.Translator(str(folder), device=self.device, compute_type=self.compute_type)


def _convert(checkpoint: Checkpoint, vocabulary: Vocabulary, folder: Path) -> None:
    """Convert a model into a folder, without a loss of precision: it is quantised when it is opened."""
    from ctranslate2.converters import transformers as loaders
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    revision = checkpoint.revision or "main"
    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint.model, revision=revision, dtype="float32")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.model, revision=revision)

    class M2M100(loaders.M2M100Loader):
        # CTranslate2 4.8 asks for language tokens in a way that transformers 5 does not answer.
        def get_vocabulary(self, *_: Any) -> list[str]:
            return vocabulary.all_tokens()

    kinds = {"m2m_100": M2M100, "marian": loaders.MarianMTLoader}
    if model.config.model_type not in kinds:
        raise ValueError(
            f"{checkpoint.name} is a model of type {model.config.model_type!r}: CTranslate2Translator takes M2M100, "
            "NLLB and OPUS-MT (Marian); Seq2SeqTranslator takes MADLAD-400 as well"
        )
    specification = kinds[model.config.model_type]()(model, tokenizer)
    specification.validate()
    specification.optimize()
    specification.save(str(folder))


def _library() -> Any:
    try:
        import ctranslate2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"CTranslate2Translator needs ctranslate2: {install_command('ctranslate2')}"
        ) from error
    return ctranslate2


def _default_folder(checkpoint: Checkpoint) -> Path:
    from huggingface_hub.constants import HF_HOME

    return Path(HF_HOME) / "pyterrier_hybrid" / "ctranslate2" / checkpoint.fingerprint
