"""A small training, and the same as a job of a process of its own, for tests that kill it or run two of it."""

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.training import Distillation, HybridTrainer, InfoNCE
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.checkpoints import MarkComplete
from pyterrier_hybrid.training.loop.fixed_vectors import GuideScores, TeacherVectors
from pyterrier_hybrid.training.loop.model import ContrastiveModel
from pyterrier_hybrid.training.loop.processes import final_barrier
from pyterrier_hybrid.training.loop.tokens import Texts

WORDS = {
    "de": ["rot", "blau", "grün", "gelb", "weiß", "grau"],
    "en": ["red", "blue", "green", "yellow", "white", "grey"],
}
THINGS = {"de": ["Haus", "Baum", "Hund", "Schiff"], "en": ["house", "tree", "dog", "ship"]}


def pairs():
    """24 items in two languages, each with a hard negative: which thing has which colour."""
    items = []
    for c in range(6):
        for t in range(4):
            queries, passages, negatives = {}, {}, {}
            for code in ("de", "en"):
                queries[code] = f"{WORDS[code][c]}, {THINGS[code][t]}?"
                passages[code] = f"{THINGS[code][t]} {WORDS[code][c]} " * (1 + c)
                negatives[code] = [f"{THINGS[code][t]} {WORDS[code][c]} no"]
            items.append(Item(f"{c}{t}", None, "toy", queries, passages, False, negatives))
    return ph.ParallelPairs(items)


def start(store, **options):
    small = {"architecture": "transformer", "dim": 16, "layers": 2, "heads": 2, "vocab_size": 90}
    return ph.DenseEncoder.from_scratch(store.texts(), **{**small, **options})


OPTIONS = {"batch_size": 8, "max_steps": 12, "learning_rate": 1e-2, "temperature": 0.1, "chunk_size": 3, "bf16": False,
           "save_steps": 4, "logging_steps": 1, "verbose": False}  # fmt: skip


class Fixed:
    """An encoder that is not trained: a bag of words of any dimension, which remembers what it encoded."""

    def __init__(self, dim=16):
        self.dim, self.fingerprint, self.encoded = dim, f"fixed {dim}", []

    def encode_queries(self, texts):
        self.encoded += texts
        return np.stack([sum(map(self.word, text.split())) for text in texts])

    def word(self, word):
        return np.random.default_rng(list(word.encode())).normal(size=self.dim)

    encode_documents = encode_queries


def falling():
    """A validator that finds every encoder worse than the one before; the first one is the start."""
    calls = []
    return lambda _: calls.append(None) or -len(calls)


def run(output, *, validate=False, judge=False, architecture="transformer", **options):
    store = pairs()
    if judge:
        options["validation"] = falling()
    for name in ("teacher", "guide"):
        if isinstance(options.get(name), int):
            options[name] = Fixed(options[name])
    if validate:
        store, held = store.split(0.4)
        options |= {"validation": held, "validation_batches": 2}
    return ph.train(
        start(store, architecture=architecture), store, ph.HybridSampler(), output=output, **{**OPTIONS, **options}
    )


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def one_step(output):
    """The gradient of one batch in double precision, in this process or in several."""
    torch.set_num_threads(1)
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    store = pairs()
    encoder = start(store)
    batches = PlannedBatches(
        ph.HybridSampler().plan(store, batch_size=8), store, Texts(store, encoder), length=2, hard_negatives=1,
        rank=rank, world_size=world_size,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for kind in (TeacherVectors, GuideScores):
            batches.add_fixed(kind(Fixed(), store, Path(folder), verbose=False))
        batch = batches[1]
    del batch["t"]
    loss = InfoNCE(temperature=0.05, symmetric=True, learned=True, dimensions=[16, 8], false_negative_margin=0.5)
    model = ContrastiveModel(
        encoder.copy_module().eval(), loss, chunk_size=3, recompute=True,
        distillation=Distillation(vectors=0.7, similarities=0.3),
    ).double()  # fmt: skip
    computed = model
    if world_size > 1:
        torch.distributed.init_process_group("gloo")
        computed = torch.nn.parallel.DistributedDataParallel(model)
    computed(**batch).backward()
    if rank == 0:
        save_file({name: value.grad for name, value in model.named_parameters()}, output)
    if world_size > 1:
        final_barrier()


def job(output, options, *, kill_at=None, kill_saving=None, rank=0):
    """Train; a rank kills itself at a batch, or when a checkpoint is written but not yet marked as complete."""
    torch.set_num_threads(1)
    mine = int(os.environ.get("RANK", "0")) == rank
    compute, mark = HybridTrainer.compute_loss, MarkComplete.on_save

    def compute_or_die(self, model, inputs, *args, **rest):
        if inputs["t"] == kill_at and model.training and mine:
            kill()
        return compute(self, model, inputs, *args, **rest)

    def mark_or_die(self, args, state, control, **rest):
        if state.global_step == kill_saving:
            kill()
        mark(self, args, state, control, **rest)

    HybridTrainer.compute_loss, MarkComplete.on_save = compute_or_die, mark_or_die
    run(output, **options)
