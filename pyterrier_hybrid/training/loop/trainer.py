"""The training loop: ``transformers.Trainer`` over planned batches."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import distributed, nn
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer

from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.checkpoints import check_intact, problems_of_writing
from pyterrier_hybrid.training.loop.model import ContrastiveModel
from pyterrier_hybrid.training.loop.validation import Validator, check_decisive, figures_of
from pyterrier_hybrid.utils.random_state import kept_random_state


class HybridTrainer(Trainer):
    """``transformers.Trainer`` with its own batches, loss and validation.

    Args:
        model: The encoder's module and the loss.
        encoder: The encoder whose tokenizer and prefixes belong to the module.
        judge: Function that evaluates an encoder: it returns a number, the larger the better, or several by name,
            including the decisive one, "mean". By default the model is validated by the loss on ``eval_dataset``.
        **options: Options of ``transformers.Trainer``; the datasets are :class:`PlannedBatches`.
    """

    model: ContrastiveModel
    train_dataset: PlannedBatches
    # Only read when validating, which the Trainer refuses without a dataset.
    eval_dataset: PlannedBatches

    def __init__(
        self, model: ContrastiveModel, *, encoder: DenseEncoder, judge: Validator | None = None, **options: Any
    ) -> None:
        super().__init__(model=model, **options)
        self.encoder, self.judge = encoder, judge
        self._losses: dict[str, list[torch.Tensor]] = {}

    def get_train_dataloader(self) -> DataLoader:
        """Return the plan's batches in the plan's order, instead of batches drawn by the Trainer."""
        return self._batches(self.train_dataset)

    def get_eval_dataloader(self, eval_dataset: str | Dataset | None = None) -> DataLoader:
        """Return the fixed batches of the validation."""
        return self._batches(eval_dataset if isinstance(eval_dataset, Dataset) else self.eval_dataset)

    def _batches(self, dataset: Dataset) -> DataLoader:
        workers: dict[str, Any] = {"num_workers": self.args.dataloader_num_workers}
        if workers["num_workers"]:
            workers |= {
                "prefetch_factor": self.args.dataloader_prefetch_factor,
                "multiprocessing_context": self.args.dataloader_multiprocessing_context,
            }
        # Each row of the dataset is a whole batch, so that a resumed Trainer can skip batches without making them.
        return DataLoader(
            dataset, batch_size=1, shuffle=False, collate_fn=_only, generator=torch.Generator(), **workers
        )

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """Return the names of all parameters but biases, layer norms and a learned temperature."""
        return [name for name in super().get_decay_parameter_names(model) if name != "loss.log_scale"]

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Compute the loss of one batch; queries and passages go through the model together.

        Raises:
            ValueError: The loss is not finite.
        """
        t = inputs.pop("t")
        loss = model(**inputs)
        if not torch.isfinite(loss):
            raise ValueError(self._not_finite(loss.item(), t))
        if model.training:
            self._losses.setdefault(self.train_dataset.plan.kind(t), []).append(loss.detach())
        return (loss, {}) if return_outputs else loss

    def _not_finite(self, loss: float, t: int) -> str:
        training = self.model.training
        batches = self.train_dataset if training else self.eval_dataset
        # A checkpoint of this very step holds the weights that gave this loss.
        every = int(self.args.save_steps)
        step = max(self.state.global_step - 1, 0) // every * every
        exists = step > 0 and self.args.save_strategy != "no" and not self.args.save_only_model
        last = (
            f"the last good checkpoint is {self.args.output_dir}/checkpoint-{step}" if exists else "no checkpoint yet"
        )
        return (
            f"the loss is {loss} at step {self.state.global_step}, in {'' if training else 'validation '}batch {t}: "
            f"{batches.describe(t)} ({last}); lower the learning rate or raise the temperature; without fp16, larger "
            "numbers fit"
        )

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the loss of each kind of batch and the ratio of monolingual batches since the last log entry."""
        if "loss" in logs and self._losses:
            losses = {kind: torch.stack(values) for kind, values in sorted(self._losses.items())}
            count = sum(map(len, losses.values()))
            logs |= {f"loss_{kind}": round(values.mean().item(), 4) for kind, values in losses.items()}
            logs["share_mono"] = len(losses.get("mono", ())) / count
            self._losses = {}
        super().log(logs, start_time)

    def evaluate(
        self,
        eval_dataset: Dataset | dict[str, Dataset] | None = None,
        ignore_keys: Any = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Validate: by the loss on the fixed batches, or by the validator.

        Raises:
            ValueError: The validator returns no mean, or one that is not finite.
        """
        if self.judge is None:
            return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
        scores: list[Any] = [None]
        if self.args.process_index == 0:
            was_training = self.model.training
            encoder = self.encoder.with_module(self.model.encoder, name=self.encoder.name)
            # A validator that draws or seeds would otherwise change the dropout of the next steps.
            with kept_random_state():
                scores = [figures_of(self.judge(encoder), "validation")]
            check_decisive(scores[0], "mean", "validation")
            self.model.train(was_training)
        if self.args.world_size > 1:
            distributed.broadcast_object_list(scores)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores[0].items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        with problems_of_writing(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"):
            super()._save_checkpoint(model, trial)

    def _load_best_model(self) -> None:
        # The checkpoints may have been moved since the state was written, and the Trainer would then keep the last
        # weights, with a warning.
        best = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.best_global_step}"
        self.state.best_model_checkpoint = str(best)
        try:
            if not self.args.save_only_model:
                check_intact(best)
            super()._load_best_model()
        except (ValueError, SafetensorError, FileNotFoundError) as error:
            raise ValueError(f"{best} has the best weights, and is damaged ({error}): train again") from error

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[torch.Tensor, None, None]:
        """Compute the loss alone: vectors are not predictions that should be gathered."""
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None


def _only(batches: list[Any]) -> Any:
    (batch,) = batches
    return batch
