"""The training loop: ``transformers.Trainer`` over planned batches."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed, nn
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainingArguments

from pyterrier_hybrid.training.loop.step import ContrastiveModel

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval import DenseEncoder

Judge = Callable[["DenseEncoder"], float | Mapping[str, float]]


class HybridTrainer(Trainer):
    """``transformers.Trainer`` over planned batches; everything but the batches and the loss is its own.

    Args:
        model: the encoder's model and the loss.
        encoder: whose tokenizer and prefixes belong to the model.
        judge: how the model is validated: called with an encoder, it gives a number that is better the larger it is, or
            several by name, of which "mean" counts. By default the loss on ``eval_dataset``.
        **options: of ``transformers.Trainer``; the datasets hold whole batches.
    """

    def __init__(
        self, model: ContrastiveModel, *, encoder: "DenseEncoder", judge: Judge | None = None, **options: Any
    ) -> None:
        super().__init__(model=model, **options)
        self.encoder, self.judge = encoder, judge
        self._by_kind: dict[str, list[torch.Tensor]] = {}

    def get_train_dataloader(self) -> DataLoader:
        """The plan's batches in the plan's order: no sampler of the Trainer's could know which texts may meet."""
        return self._batches(self.train_dataset)

    def get_eval_dataloader(self, eval_dataset: Dataset | None = None) -> DataLoader:
        """The frozen plan's batches."""
        return self._batches(eval_dataset or self.eval_dataset)

    def _batches(self, dataset: Dataset) -> DataLoader:
        workers: dict[str, Any] = {"num_workers": self.args.dataloader_num_workers}
        if workers["num_workers"]:
            workers |= {
                "prefetch_factor": self.args.dataloader_prefetch_factor,
                "persistent_workers": self.args.dataloader_persistent_workers,
            }
        # "Batches" of one whole batch each, which the Trainer can skip on resuming without making them.
        return DataLoader(
            dataset, batch_size=1, shuffle=False, collate_fn=_only, generator=torch.Generator(), **workers
        )

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """All but biases, layer norms and a learned temperature."""
        return [name for name in super().get_decay_parameter_names(model) if name != "loss.log_scale"]

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The loss of one batch; queries and passages go through the model together.

        Raises:
            ValueError: it is not a number.
        """
        t = inputs.pop("t")
        loss = model(**inputs)
        if not torch.isfinite(loss):
            raise ValueError(self._not_finite(loss.item(), t))
        if model.training:
            self._by_kind.setdefault(self.train_dataset.plan.kind(t), []).append(loss.detach())
        return (loss, {}) if return_outputs else loss

    def _not_finite(self, loss: float, t: int) -> str:
        training = self.model.training
        batches = self.train_dataset if training else self.eval_dataset
        # What was saved right before this loss are the weights that it comes from.
        good = max(self.state.global_step - 1, 0) // self.args.save_steps * self.args.save_steps
        kept = good > 0 and self.args.save_strategy != "no" and not self.args.save_only_model
        last = f"the last good checkpoint is {self.args.output_dir}/checkpoint-{good}" if kept else "no checkpoint yet"
        return (
            f"the loss is {loss} at step {self.state.global_step}, in {'' if training else 'validation '}batch {t}: "
            f"{batches.names(t)} ({last}); lower the learning rate or raise the temperature; without fp16, larger "
            "numbers fit"
        )

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the losses of each kind of batch, and the share of monolingual ones, since the last time."""
        if "loss" in logs and self._by_kind:
            losses = {kind: torch.stack(values) for kind, values in sorted(self._by_kind.items())}
            count = sum(map(len, losses.values()))
            logs |= {f"loss_{kind}": round(values.mean().item(), 4) for kind, values in losses.items()}
            logs["share_mono"] = len(losses.get("mono", ())) / count
            self._by_kind = {}
        super().log(logs, start_time)

    def evaluate(
        self, eval_dataset: Dataset | None = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Validate: the loss on the frozen plan, or what the judge says."""
        if self.judge is None:
            return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
        scores: list[Any] = [None]
        if self.args.process_index == 0:
            training = self.model.training
            scores = [_checked(self.judge(self.encoder.with_module(self.model.encoder, name=self.encoder.name)))]
            self.model.train(training)
        if self.args.world_size > 1:
            distributed.broadcast_object_list(scores)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores[0].items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[torch.Tensor, None, None]:
        """The loss alone: vectors are no predictions to gather."""
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None


class OneDevice(TrainingArguments):
    """Where one process sees several GPUs, the Trainer would split batches among them, and negatives with them."""

    @property
    def n_gpu(self) -> int:
        """The number of GPUs of this process."""
        return min(1, super().n_gpu)


def _only(batches: list[Any]) -> Any:
    (batch,) = batches
    return batch


def _checked(scores: float | Mapping[str, float]) -> dict[str, float]:
    if not isinstance(scores, Mapping):
        scores = {"mean": scores}
    if "mean" not in scores:
        raise ValueError(f"validation gave {sorted(scores)} but no 'mean', which decides what is best: add it")
    if not math.isfinite(scores["mean"]):
        raise ValueError(f"validation gave the mean {scores['mean']}, which is neither better nor worse than any")
    return {name: float(value) for name, value in scores.items()}
