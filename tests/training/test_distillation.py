"""Distillation: targets by hand, exact gradients, a teacher's vectors that are computed once and survive a kill."""

import numpy as np
import pytest
import torch
import training_job
from test_resume import interrupted
from torch.nn.functional import normalize
from training_job import Fixed as Teacher

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.training import Distillation


def run(output=None, **options):
    return training_job.run(output, **{"architecture": "static", "max_steps": 4, **options})


def batch(n, seed, dim=5):
    drawn = torch.randn(2, n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return [normalize(part, dim=-1) for part in drawn]


def test_terms_by_loops():
    queries, passages = (part.requires_grad_() for part in batch(4, 1))
    teacher_queries, teacher_passages = batch(3, 2)[0] * 3, batch(2, 3)[1] * 5
    query_rows, passage_rows = [0, 1, 3], [2, 3]
    teacher = {
        "queries": teacher_queries, "passages": teacher_passages,
        "query_rows": torch.tensor(query_rows), "passage_rows": torch.tensor(passage_rows),
    }  # fmt: skip
    pairs_of_vectors = [(queries[row], target) for row, target in zip(query_rows, teacher_queries, strict=True)]
    pairs_of_vectors += [(passages[row], target) for row, target in zip(passage_rows, teacher_passages, strict=True)]
    cosines = [normalize(one, dim=0) @ normalize(target, dim=0) for one, target in pairs_of_vectors]
    distances = sum(1 - cosine for cosine in cosines) / 5
    divergence = 0
    for row, target in zip(query_rows, teacher_queries, strict=True):
        wanted = torch.softmax(
            torch.stack([normalize(target, dim=0) @ normalize(one, dim=0) for one in teacher_passages]) / 0.1, 0
        )
        found = torch.softmax(torch.stack([queries[row] @ passages[other] for other in passage_rows]) / 0.1, 0)
        divergence += (wanted * (wanted / found).log()).sum() / 3
    expected = 2 * distances + 0.5 * divergence
    total = Distillation(vectors=2, similarities=0.5)(queries, passages, teacher, temperature=0.1)
    assert total.item() == pytest.approx(expected.item(), abs=1e-12)
    for part in (queries, passages):
        ours, naive = (torch.autograd.grad(loss, part, retain_graph=True)[0] for loss in (total, expected))
        torch.testing.assert_close(ours, naive, atol=1e-12, rtol=0)


def test_a_batch_without_english_has_no_term():
    queries, passages = batch(2, 1)
    none = {"queries": torch.zeros(0, 5), "passages": torch.zeros(0, 5)}
    none |= {"query_rows": torch.zeros(0, dtype=torch.long), "passage_rows": torch.zeros(0, dtype=torch.long)}
    assert Distillation(vectors=1, similarities=1)(queries, passages, none, temperature=0.1) == 0


def test_all_languages_come_near_the_teachers_vectors_of_english():
    store, teacher = training_job.pairs(), Teacher()
    trained = run(teacher=teacher, distill=5.0, max_steps=150, learning_rate=5e-2)
    vectors = teacher.encode_queries([store.query(i, "en") for i in range(24)])
    for code in ("de", "en"):
        near = trained.encode_queries([store.query(i, code) for i in range(24)])
        cosines = normalize(torch.tensor(near), dim=-1) @ normalize(torch.tensor(vectors).float(), dim=-1).T
        assert (cosines.argmax(dim=1) == torch.arange(24)).float().mean() > 0.9


def test_only_english_is_encoded_once_and_kept(tmp_path):
    store, teacher = training_job.pairs(), Teacher()
    options = {"teacher": teacher, "distill": 1.0, "vector_cache": tmp_path / "vectors"}
    trained = run(**options)
    english = {store.query(i, "en") for i in range(24)} | {store.passage(i, "en") for i in range(24)}
    encoded = [text for text in teacher.encoded if text != "a"]
    assert len(encoded) == len(set(encoded))
    assert set(encoded) <= english
    assert trained.training["distill"] == 1.0
    del teacher.encoded[:]
    again = run(**options)
    assert teacher.encoded == ["a"]
    assert trained.training["log"][0]["loss"] == again.training["log"][0]["loss"]


def test_a_resumed_training_is_as_if_never_interrupted(tmp_path, monkeypatch):
    options = {"teacher": Teacher(), "distill": 1.0, "distill_similarities": 1.0, "architecture": "static"}
    whole = training_job.run(tmp_path / "whole", **options)
    interrupted(tmp_path / "killed", monkeypatch, at=6, **options)
    other = Teacher()
    other.fingerprint = "another"
    with pytest.raises(ValueError, match="teacher='fixed 16', not 'another'"):
        training_job.run(tmp_path / "killed", **{**options, "teacher": other})
    again = Teacher()
    resumed = training_job.run(tmp_path / "killed", **{**options, "teacher": again})
    assert again.encoded == ["a"]
    texts = training_job.pairs().texts()
    assert (whole.encode_queries(texts) == resumed.encode_queries(texts)).all()
    assert whole.training["distill_similarities"] == 1.0
    assert not (tmp_path / "killed.checkpoints").exists()


def test_gradient_caching_is_exact():
    plain, cached = (
        training_job.run(
            None, max_steps=2, dropout=0, teacher=Teacher(), distill=1.0, distill_similarities=1.0,
            false_negative_margin=-0.2, gradient_caching=caching,
        )
        for caching in (False, True)
    )  # fmt: skip
    texts = training_job.pairs().texts()
    np.testing.assert_allclose(plain.encode_queries(texts), cached.encode_queries(texts), atol=1e-5)


def test_another_dimension_has_similarities_only():
    with pytest.raises(ValueError, match="the teacher's vectors have 8 values and the encoder's 16"):
        run(teacher=Teacher(8), distill=1.0)
    assert run(teacher=Teacher(8), distill_similarities=1.0).dim == 16


def test_bad_options():
    with pytest.raises(ValueError, match="distill=1.0 has no effect without a teacher"):
        run(distill=1.0)
    with pytest.raises(ValueError, match="has no effect without a weight"):
        run(teacher=Teacher())
    german = ph.ParallelPairs([Item(str(n), None, "toy", {"de": f"Was ist {n}?"}, {"de": f"{n}"}) for n in range(9)])
    with pytest.raises(ValueError, match="these pairs are in de only"):
        ph.train(
            ph.DenseEncoder.from_scratch(german.texts(), dim=16, vocab_size=60), german, ph.MonoSampler(),
            teacher=Teacher(), distill=1.0, batch_size=4, max_steps=1, verbose=False,
        )  # fmt: skip
