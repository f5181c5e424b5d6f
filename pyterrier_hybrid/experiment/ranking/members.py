"""What may be a system of the grid, and the ranks of the relevant documents under it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pyterrier_hybrid.experiment.cache.rank_cache import StoredRanks
from pyterrier_hybrid.experiment.cache.vectors import Vectors, encoder_fingerprint, innermost, is_encoder
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.dense import rank_dense
from pyterrier_hybrid.experiment.ranking.feedback import rank_feedback
from pyterrier_hybrid.experiment.ranking.fused import rank_fused
from pyterrier_hybrid.experiment.ranking.retrieved import rank_bm25, rank_function, rank_retrieved
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.experiment.systems import Runs
from pyterrier_hybrid.retrieval.fusion import Feedback, Fusion


@dataclass(frozen=True)
class Member:
    """One thing that ranks: a system, or one seed of a system.

    Attributes:
        name: The system's name.
        place: Where it was given, for errors.
        system: An encoder, ``"bm25"``, a function, or runs.
    """

    name: str
    place: str
    system: Any

    @property
    def encoder(self) -> Any:
        """The encoder that computes vectors; None: it has none."""
        if isinstance(self.system, Feedback):
            return innermost(self.system.encoder)
        inner = self.system.systems if isinstance(self.system, Fusion) else [self.system]
        return next((innermost(system) for system in inner if is_encoder(system)), None)

    @cached_property
    def fingerprint(self) -> str | None:
        """What its vectors or rankings depend on besides texts; None: not known. Not of BM25."""
        if is_encoder(self.system):
            return encoder_fingerprint(self.system)
        return getattr(self.system, "fingerprint", None)

    def content(self, corpus: Corpus, setting: Setting) -> Any:
        """What its ranking of a setting depends on besides texts, as JSON can hold it; None: not known."""
        if self.system == "bm25":
            return _bm25_content((*corpus.languages, setting.query_lang))
        if self.fingerprint is None:
            return None
        if isinstance(self.system, Fusion):
            bm25 = "bm25" in self.system.systems
            return ["fusion", self.fingerprint, bm25 and _bm25_content((*corpus.languages, setting.query_lang))]
        return ["encoder" if is_encoder(self.system) else "function", self.fingerprint]


def read_systems(systems: Any) -> dict[str, list[Member]]:
    """What was given as the systems of an experiment, checked before anything is computed.

    Args:
        systems: A dictionary from names to encoders, ``"bm25"``, runs or functions from a corpus to a transformer, or
            to lists of these: the seeds of one system.

    Returns:
        The members of each system: one, or one for each seed.

    Raises:
        TypeError: Not a dictionary, or a system that cannot be run.
        ValueError: No system, an unknown name of one, or an empty list.
    """
    if not isinstance(systems, dict):
        raise TypeError(f"systems: give a dictionary {{name: system}}, not {type(systems).__name__}.")
    if not systems:
        raise ValueError("systems: no system was given; give at least one, such as {'BM25': 'bm25'}.")
    members = {}
    for name, system in systems.items():
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"systems: the name {name!r} must be a string that is not empty.")
        place = f"systems[{name!r}]"
        if isinstance(system, (list, tuple)):
            if not system:
                raise ValueError(f"{place}: the list is empty; give one encoder for each seed.")
            members[name] = [_member(name, f"{place}[{seed}]", one) for seed, one in enumerate(system)]
        else:
            members[name] = [_member(name, place, system)]
    return members


def _member(name: str, place: str, system: Any) -> Member:
    if isinstance(system, str):
        if system != "bm25":
            raise ValueError(
                f"{place}: {system!r} is unknown; the valid string is 'bm25', "
                "an encoder is given as an object: DenseEncoder(...)."
            )
    elif not isinstance(system, Runs) and not is_encoder(system):
        if not callable(system) or hasattr(system, "transform"):
            raise TypeError(
                f"{place}: a {type(system).__name__} is not an encoder (encode_queries, encode_documents), "
                "'bm25' or a function from a corpus to a transformer; wrap a pipeline as lambda corpus: pipeline."
            )
    return Member(name, place, system)


def rank_settings(
    member: Member, corpora: dict[str, Corpus], settings: Sequence[Setting], vectors: Vectors, folder: Path | None
) -> Iterator[tuple[int, Ranks]]:
    """The ranks of the relevant documents of every setting under one system.

    Args:
        member: The system.
        corpora: The corpora by name.
        settings: The settings.
        vectors: Where the vectors of texts come from.
        folder: Where ranks are kept; None: nowhere.

    Yields:
        The index of the setting and its ranks, first those that were kept.
    """
    stored = StoredRanks(folder, member.content)
    pending = set()
    for at, setting in enumerate(settings):
        ranks = stored.read(corpora[setting.corpus], setting)
        if ranks is None:
            pending.add(at)
        else:
            yield at, ranks
    for at, ranks in _rank(member, corpora, settings, vectors, pending) if pending else ():
        stored.write(corpora[settings[at].corpus], settings[at], ranks)
        yield at, ranks


def _rank(
    member: Member, corpora: dict[str, Corpus], settings: Sequence[Setting], vectors: Vectors, pending: set[int]
) -> Iterator[tuple[int, Ranks]]:
    if is_encoder(member.system):
        yield from rank_dense(member.place, member.system, corpora, settings, vectors, pending)
        return
    if isinstance(member.system, Fusion):
        yield from rank_fused(member.place, member.system, corpora, settings, vectors, pending)
        return
    if isinstance(member.system, Feedback):
        yield from rank_feedback(member.place, member.system, corpora, settings, vectors, pending)
        return
    # Corpus by corpus, so that one index is open at a time.
    for name, corpus in corpora.items():
        own = {at: settings[at] for at in sorted(pending) if settings[at].corpus == name}
        if isinstance(member.system, Runs):
            for at, setting in own.items():
                yield at, _rank_runs(member.place, member.system, corpus, setting)
        elif own and member.system == "bm25":
            yield from rank_bm25(member.place, corpus, own)
        elif own:
            yield from rank_function(member.place, member.system, corpus, own)


def _rank_runs(place: str, runs: Runs, corpus: Corpus, setting: Setting) -> Ranks:
    run = runs.read(setting.id, doc_lang=setting.doc_lang, query_lang=setting.query_lang)
    if not run["qid"].isin(setting.qids).any():
        path = runs.path(setting.id, doc_lang=setting.doc_lang, query_lang=setting.query_lang)
        raise ValueError(f"{place}: {path} ranks none of the queries of {setting.id}, such as {setting.qids[0]!r}.")

    def retrieve(topics: pd.DataFrame) -> pd.DataFrame:
        return run[run["qid"].isin(topics["qid"])]

    return rank_retrieved(place, retrieve, corpus, setting)


def _bm25_content(languages: Iterable[str]) -> Any:
    from pyterrier_hybrid import __version__
    from pyterrier_hybrid.retrieval.bm25 import K1, B, choose_engine
    from pyterrier_hybrid.text.analysis import analyzer

    analyses = {lang: analyzer(lang).signature for lang in languages}
    return ["bm25", __version__, choose_engine("auto"), K1, B, analyses]
