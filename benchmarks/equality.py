"""Differences between trainings that should be equal: resumed, in two processes, with gradient caching.

    python benchmarks/equality.py

Trains a small transformer on the built-in dataset several times, and prints the largest difference between the losses
and between the weights of two trainings. Needs no download and no GPU.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import HybridTrainer

STEPS = 40
RUNS = {
    "plain": {},
    "gradient caching": {"gradient_caching": True},
    # Some gradients, such as those of the key biases, are zero except for rounding errors, and Adam takes full-size
    # steps for these too. A large epsilon and a small learning rate keep such steps small.
    "no dropout": {"dropout": 0.0},
    "no dropout, small steps": {"dropout": 0.0, "adam_epsilon": 1e-4, "learning_rate": 1e-5},
    "no dropout, small steps, caching": {
        "dropout": 0.0,
        "adam_epsilon": 1e-4,
        "learning_rate": 1e-5,
        "gradient_caching": True,
    },
}
COMPARISONS = [
    ("killed at step 25 and resumed", ("plain", 1, 25), ("plain", 1, None)),
    ("the same with gradient caching", ("gradient caching", 1, 25), ("gradient caching", 1, None)),
    ("the same in two processes", ("gradient caching", 2, 25), ("gradient caching", 2, None)),
    ("gradient caching against none", ("gradient caching", 1, None), ("plain", 1, None)),
    ("two processes against one", ("no dropout", 2, None), ("no dropout", 1, None)),
    ("the same, small steps", ("no dropout, small steps", 2, None), ("no dropout, small steps", 1, None)),
    (
        "the same with gradient caching",
        ("no dropout, small steps, caching", 2, None),
        ("no dropout, small steps", 1, None),
    ),
]


def work(output: str, run: str, kill_at: int | None) -> None:
    """Train in this process, which may be one of several started by torchrun; kill it at step `kill_at`."""
    pairs = ph.ParallelPairs.from_irds("atlas/train")
    encoder = ph.DenseEncoder.from_scratch(
        pairs.texts(limit=5000), architecture="transformer", dim=64, layers=2, vocab_size=3000, verbose=False
    )
    if kill_at is not None:
        compute_loss = HybridTrainer.compute_loss

        def compute_or_die(
            self: HybridTrainer, model: object, inputs: dict, *rest: object, **options: object
        ) -> object:
            if inputs["t"] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return compute_loss(self, model, inputs, *rest, **options)

        HybridTrainer.compute_loss = compute_or_die
    ph.train(
        encoder, pairs, ph.HybridSampler(), batch_size=32, max_steps=STEPS, temperature=0.05, chunk_size=8,
        save_steps=10, logging_steps=1, output=output, verbose=False, **{"learning_rate": 5e-4, **RUNS[run]},
    )  # fmt: skip


def start(output: Path, run: str, processes: int, kill_at: int | None = None) -> int:
    """Run a training in one or several new processes, and return the exit code."""
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command += [__file__, "--work", str(output), "--variant", run, *(["--kill-at", str(kill_at)] if kill_at else [])]
    return subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL).returncode


def result(folder: Path, run: str, processes: int, kill_at: int | None) -> Path:
    """Return the output folder of a training, which is run if the folder does not exist."""
    output = folder / f"{run}-{processes}-{kill_at}"
    if not output.exists():
        if kill_at and start(output, run, processes, kill_at) == 0:
            raise RuntimeError("the training was not killed")
        if start(output, run, processes) != 0:
            raise RuntimeError(f"the training {output.name} failed: run it with --work to see why")
    return output


def losses(folder: Path) -> list[float]:
    """Return the loss of every step."""
    log = json.loads((folder / "training.json").read_text())["log"]
    return [row["loss"] for row in log if "loss" in row]


def main() -> None:
    """Run all comparisons and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", metavar="FOLDER", help="run one training, with this output folder")
    parser.add_argument("--variant", choices=RUNS, help="which training --work runs")
    parser.add_argument("--kill-at", type=int, metavar="STEP", help="kill the training of --work at this step")
    options = parser.parse_args()
    if options.work:
        work(options.work, options.variant, options.kill_at)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print(f"{STEPS} steps; largest difference of       losses    weights")
        for name, ours, theirs in COMPARISONS:
            one, other = result(Path(temporary), *ours), result(Path(temporary), *theirs)
            loss = max(abs(a - b) for a, b in zip(losses(one), losses(other), strict=True))
            weights, others = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
            weight = max(float((value - others[key]).abs().max()) for key, value in weights.items())
            print(f"{name:40} {loss:9.1e}  {weight:9.1e}", flush=True)


if __name__ == "__main__":
    main()
