"""Small encoders that several tests of retrieval load. Tests don't change them."""

from pathlib import Path

import pytest

from pyterrier_hybrid import DenseEncoder


@pytest.fixture(scope="session")
def transformer_encoder() -> DenseEncoder:
    """An untrained transformer encoder with 16 dimensions and at most 512 tokens."""
    texts = ["the capital of France", "die Hauptstadt von Frankreich", "столица Франции", "法国的首都", "", "a " * 600]
    return DenseEncoder.from_scratch(
        texts, architecture="transformer", dim=16, vocab_size=60, layers=1, heads=2, max_length=512, verbose=False
    )


@pytest.fixture(scope="session")
def transformer_folder(transformer_encoder: DenseEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where ``transformer_encoder`` is saved."""
    return transformer_encoder.save(tmp_path_factory.mktemp("models") / "transformer")
