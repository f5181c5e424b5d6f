"""Planned batches in the trainer of sentence-transformers: it trains on the batches of the plan."""

import sys

import pytest

from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.training import (
    HybridSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
    PlannedBatchSampler,
    planned_dataset,
)

st = pytest.importorskip("sentence_transformers")
datasets = pytest.importorskip("datasets")

SIZE, STEPS = 6, 9


@pytest.fixture(scope="module")
def pairs():
    def texts(what, number):
        return {code: f"{what} {number} {code} {'long ' * (number % 7)}" for code in ("ar", "de", "en")}

    return ParallelPairs(
        Item(str(n), None, "toy", texts("question", n), texts("answer", n)) for n in range(60)
    )  # fmt: skip


@pytest.fixture
def model(pairs):
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(pairs.texts(), trainers.WordLevelTrainer(special_tokens=["[UNK]"]))
    return st.SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu")


def expected(plan, pairs, step):
    return [
        ("query: " + pairs.query(item, query), "passage: " + pairs.passage(item, passage))
        for item, query, passage in plan.batch(step)
    ]


def train(model, folder, dataset, *, evaluate=None, **arguments):
    """Train, and return the texts of every batch that reached the collator."""
    from sentence_transformers.base.data_collator import BaseDataCollator
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    seen = []

    class Recorder(BaseDataCollator):
        def __call__(self, features):
            seen.append([(row["anchor"], row["positive"]) for row in features])
            return super().__call__(features)

    settings = st.SentenceTransformerTrainingArguments(
        str(folder),
        **{
            "num_train_epochs": 1,
            "per_device_train_batch_size": SIZE,
            "per_device_eval_batch_size": SIZE,
            "batch_sampler": PlannedBatchSampler,
            "report_to": "none",
            "use_cpu": True,
            "disable_tqdm": True,
            "save_strategy": "no",
            **arguments,
        },
    )
    trainer = st.SentenceTransformerTrainer(
        model,
        settings,
        train_dataset=dataset,
        eval_dataset=evaluate,
        loss=MultipleNegativesRankingLoss(model),
        data_collator=Recorder(preprocess_fn=model.preprocess),
    )
    trainer.train()
    return seen


def dataset_of(plan, pairs, steps=STEPS):
    return planned_dataset(plan, pairs, steps=steps, query_prefix="query: ", document_prefix="passage: ")


@pytest.mark.parametrize("sampler", [HybridSampler(0.5), LengthGroupedSampler(HybridSampler(0.5), pool=4)])
def test_the_trainer_sees_the_batches_of_the_plan(sampler, pairs, model, tmp_path):
    plan = sampler.plan(pairs, batch_size=SIZE, seed=3)
    before = model[0].embedding.weight.clone()
    seen = train(model, tmp_path, dataset_of(plan, pairs))
    assert seen == [expected(plan, pairs, step) for step in range(STEPS)]
    assert (model[0].embedding.weight != before).any()


def test_evaluation_is_planned_too(pairs, model, tmp_path):
    plan, held = (HybridSampler(0.5).plan(pairs, batch_size=SIZE, seed=seed) for seed in (3, 4))
    seen = train(model, tmp_path, dataset_of(plan, pairs), evaluate=dataset_of(held, pairs, 2), eval_strategy="epoch")
    assert seen[STEPS:] == [expected(held, pairs, step) for step in range(2)]


def test_accumulated_batches_come_in_order(pairs, model, tmp_path):
    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE, seed=3)
    seen = train(model, tmp_path, dataset_of(plan, pairs), gradient_accumulation_steps=3)
    assert seen == [expected(plan, pairs, step) for step in range(STEPS)]


def test_a_training_resumes_at_its_step(pairs, model, tmp_path):
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE, seed=3)
    dataset = dataset_of(plan, pairs)
    seen = []

    def trainer(**more):
        return st.SentenceTransformerTrainer(
            model,
            st.SentenceTransformerTrainingArguments(
                str(tmp_path), num_train_epochs=1, per_device_train_batch_size=SIZE, batch_sampler=PlannedBatchSampler,
                report_to="none", use_cpu=True, disable_tqdm=True, save_strategy="steps", save_steps=4, **more,
            ),
            train_dataset=dataset,
            loss=MultipleNegativesRankingLoss(model),
        )  # fmt: skip

    trainer().train()
    again = trainer()
    preprocess = again.data_collator.preprocess_fn

    def record(texts, **options):
        seen.append(texts)
        return preprocess(texts, **options)

    again.data_collator.preprocess_fn = record
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    rest = [list(column) for step in range(4, STEPS) for column in zip(*expected(plan, pairs, step), strict=True)]
    assert seen[-len(rest) :] == rest


def test_several_processes_take_whole_batches_in_turn(pairs):
    from accelerate.data_loader import BatchSamplerShard

    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE)
    batches = PlannedBatchSampler(planned_dataset(plan, pairs, steps=6), batch_size=SIZE)
    for rank in range(2):
        shard = list(BatchSamplerShard(batches, num_processes=2, process_index=rank, even_batches=False))
        assert shard == [list(range(t * SIZE, (t + 1) * SIZE)) for t in range(rank, 6, 2)]


def test_rows_are_those_of_the_plan_in_any_order(pairs):
    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE, seed=5)
    dataset = planned_dataset(plan, pairs, steps=4)
    assert dataset.column_names == ["anchor", "positive"] and len(dataset) == 24
    for row in (23, 0, 7, 6, 8):
        item, query, passage = plan.batch(row // SIZE)[row % SIZE]
        assert dataset[row] == {"anchor": pairs.query(item, query), "positive": pairs.passage(item, passage)}
    assert dataset[5:7]["anchor"] == [dataset[5]["anchor"], dataset[6]["anchor"]]
    assert list(dataset["positive"])[3] == dataset[3]["positive"]


def test_the_pairs_are_not_copied_to_make_a_fingerprint(pairs, monkeypatch):
    def refuse(self, protocol):
        raise AssertionError("pickled")

    monkeypatch.setattr(ParallelPairs, "__reduce_ex__", refuse)
    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE)
    assert len({planned_dataset(plan, pairs, steps=1)._fingerprint for _ in range(3)}) == 3


def test_bad_arguments(pairs, monkeypatch):
    plan = HybridSampler(0.5).plan(pairs, batch_size=SIZE)
    dataset = planned_dataset(plan, pairs, steps=2)
    with pytest.raises(ValueError, match="steps=0"):
        planned_dataset(plan, pairs, steps=0)
    with pytest.raises(ValueError, match="repeats items"):
        planned_dataset(MultiPositiveSampler().plan(pairs, batch_size=SIZE), pairs, steps=1)
    with pytest.raises(ValueError, match="per_device_train_batch_size=6"):
        PlannedBatchSampler(dataset, batch_size=8, drop_last=False)
    with pytest.raises(ValueError, match="other rows"):
        PlannedBatchSampler(dataset.shuffle(seed=1), batch_size=SIZE)
    with pytest.raises(TypeError, match="planned_dataset did not make"):
        PlannedBatchSampler(datasets.Dataset.from_dict({"anchor": ["a"], "positive": ["b"]}), batch_size=1)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r"pip install .sentence-transformers\[train\]"):
        planned_dataset(plan, pairs, steps=1)
