"""translate: pairs in one language become pairs in several."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.pairs import ParallelPairs, check_pairs
from pyterrier_hybrid.parallel.store.folder import DESCRIPTION
from pyterrier_hybrid.parallel.translation.agreement import Disagreement
from pyterrier_hybrid.parallel.translation.filters import (
    Candidate,
    Copied,
    Empty,
    Filter,
    LengthRatio,
    Numbers,
    Repetition,
    WrongLanguage,
    WrongScript,
)
from pyterrier_hybrid.parallel.translation.protocol import Translator
from pyterrier_hybrid.parallel.translation.report import REJECTED, TranslationReport
from pyterrier_hybrid.parallel.translation.round_trip import RoundTrip
from pyterrier_hybrid.parallel.translation.seq2seq import DEFAULT_MODEL, Seq2SeqTranslator
from pyterrier_hybrid.parallel.translation.spans import AnswerLost
from pyterrier_hybrid.parallel.translation.work import Rank, Translations
from pyterrier_hybrid.text.languages import check_language, same_language
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.files import locked, whole_file
from pyterrier_hybrid.utils.formatting import counted, short_repr
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json
from pyterrier_hybrid.utils.json_lines import read_json_lines
from pyterrier_hybrid.utils.progress import above_bars

PAIRS, SETTINGS, CACHE = "pairs", "translation.json", "cache"
"""Names of the pairs, of the settings, and of the cache, in the folder of a translation."""

_LOCK = "lock"


def default_filters() -> list[Filter]:
    """Return the filters that :func:`translate` uses by default, beside that of empty translations.

    Example:
        >>> [one.name for one in default_filters()]
        ['copied', 'wrong script', 'wrong language', 'length', 'numbers', 'repetition']
    """
    return [Copied(), WrongScript(), WrongLanguage(), LengthRatio(), Numbers(), Repetition()]


def translate(
    pairs: ParallelPairs,
    to: Sequence[str],
    *,
    translator: str | Path | Translator = DEFAULT_MODEL,
    folder: str | Path | None = None,
    source: str | None = None,
    filters: Sequence[Filter] | None = None,
    answers: Mapping[tuple[str, str], str] | None = None,
    round_trip: float | None = None,
    back_translator: str | Path | Translator | None = None,
    encoder: Any = None,
    min_margin: float = 1.0,
    cache: str | Path | None = None,
    verbose: bool = True,
) -> ParallelPairs:
    """Add machine translations of the queries and passages of pairs.

    Every query and passage in the source language that an item does not have in a target language yet is translated,
    equal texts once; hard negatives are not. What a filter rejects is left out, so an item may get only a query, or
    only a passage. Items keep their IDs and groups, and their ``provenance`` says which languages are machine
    translated, from which language, by what, and when.

    The folder holds, when it is done: the pairs (``pairs/``, for :meth:`ParallelPairs.open`); ``report.json`` with the
    counts of each filter (:class:`TranslationReport`); ``rejected.jsonl`` with every rejected translation, the filter,
    and its reason; the settings (``translation.json``); and the cache. If interrupted, call it again with the same
    arguments: it resumes, and the result is the same. In the processes that ``torchrun`` starts, each translates its
    part of the texts, and all return the same pairs.

    Args:
        pairs: The pairs.
        to: Codes of the languages to translate into.
        translator: Name on the hub or folder of a model, for :class:`Seq2SeqTranslator`; or any function
            ``f(texts, source, target)`` that returns the translations, such as a :class:`CTranslate2Translator`.
        folder: The folder, new or of an interrupted translation. Default: everything is kept in memory, and what was
            rejected is only counted.
        source: Code of the language to translate from; default: the only one of the pairs, or English.
        filters: Filters in their order; default: :func:`default_filters`. Empty translations are always rejected.
        answers: (dataset, ID) -> span of the passage that answers the query, in the source language: passages that
            lose theirs are rejected (:class:`AnswerLost`). :func:`read_answers` reads them.
        round_trip: Minimum chrF between an original and its translation back (:class:`RoundTrip`); default: nothing is
            translated back. 0.2 rejects what is plainly wrong.
        back_translator: The translator that translates back; default: ``translator``.
        encoder: An encoder that must find translations close to their originals (:class:`Disagreement`); default: none.
        min_margin: Its minimum margin score.
        cache: Folder of translations that several calls share, found by translator, languages and text; default: one in
            ``folder``. A function needs a ``fingerprint`` here. In its folder alone a function without one is known by
            its name.
        verbose: Whether to show progress and counts.

    Returns:
        The pairs with the new languages, opened from the folder if there is one; their ``report`` is a
        :class:`TranslationReport`.

    Raises:
        FileNotFoundError: There is no such model.
        TypeError: An argument has another type.
        ValueError: A language is unknown, is the source, or is not known to the model; the folder holds a translation
            with other settings; or another process is writing to it.

    Example:
        >>> def german(texts, source, target):
        ...     return [{"Where is Rome?": "Wo ist Rom?", "In Italy.": "In Italien."}[text] for text in texts]
        >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
        >>> translated = translate(pairs, ["de"], translator=german, verbose=False)
        >>> translated.item(0).passages
        {'de': 'In Italien.', 'en': 'In Italy.'}
        >>> translated.item(0).provenance
        {'de': 'machine translation from en by german, ...'}
    """
    check_pairs(pairs)
    if answers is not None and not isinstance(answers, Mapping):
        raise TypeError(f"answers is a {type(answers).__name__}: pass a dict, such as read_answers(file) returns")
    for one in filters or ():
        if not (hasattr(one, "name") and callable(getattr(one, "reasons", None))):
            raise TypeError(
                f"filters has {short_repr(one)}: a filter has a name and a method reasons, such as Copied()"
            )
    targets, source = _languages(pairs, to, source)
    rank = Rank.here()
    if folder is None and rank.count > 1:
        raise ValueError("folder=None: several processes need a folder to share translations: pass one")
    folder = None if folder is None else Path(folder)
    stored = Path(cache) if cache is not None else folder / CACHE if folder else None
    translations = Translations(_loaded(translator), stored, rank=rank, verbose=verbose)
    back = translations
    if back_translator is not None:
        back = Translations(_loaded(back_translator), stored, rank=rank, verbose=verbose)
    for used in (translations, back):
        if cache is not None and used.facts.fingerprint is None:
            raise ValueError(
                f"translator {used.facts.name!r} has no fingerprint, so its translations cannot be told from those of "
                "another function in a shared cache: give it one (a string), or leave out cache"
            )
    chain: list[Filter] = [Empty(), *(default_filters() if filters is None else filters)]
    if answers:
        chain.append(AnswerLost(translations.of))
    if round_trip is not None:
        chain.append(RoundTrip(back.of, round_trip))
    agreement = [] if encoder is None else [Disagreement(encoder, min_margin)]
    settings = {
        "pairs": pairs.fingerprint,
        "translator": translations.facts.fingerprint or translations.facts.name,
        "back_translator": back.facts.fingerprint or back.facts.name,
        "source": source,
        "to": targets,
        "filters": [_described(one) for one in [*chain, *agreement]],
        "answers": hash_json(sorted([*key, answer] for key, answer in answers.items())) if answers else None,
        "encoder": None if encoder is None else getattr(encoder, "fingerprint", type(encoder).__qualname__),
    }
    with _started(folder, settings, rank) as date:
        if folder is not None and (folder / PAIRS / DESCRIPTION).exists():
            return _opened(folder)
        if not rank.is_first:
            # It translates, and filters only to know what is translated next.
            for target in targets:
                _Language(pairs, source, target, answers or {}).judge(translations, chain)
            assert folder is not None
            while not (folder / PAIRS / DESCRIPTION).exists():
                sleep(0.5)
            return _opened(folder)
        chain += agreement
        languages = [_Language(pairs, source, target, answers or {}) for target in targets]
        for language in languages:
            language.judge(translations, chain)
        facts = translations.facts
        seconds = translations.seconds + (back.seconds if back is not translations else 0)
        report = TranslationReport(
            facts.name, facts.licence, source, date,
            {language.target: len(language.texts) for language in languages},
            {language.target: {one.name: language.rejected(one.name) for one in chain} for language in languages},
            round(seconds, 1),
        )  # fmt: skip
        note = f"machine translation from {source} by {facts.name}, {date}"
        items = _translated_items(pairs, source, languages, note)
        if folder is None:
            result = ParallelPairs(items)
        else:
            with whole_file(folder / REJECTED) as unfinished, unfinished.open("w", encoding="utf-8") as file:
                for language in languages:
                    for row in language.rejections():
                        file.write(json.dumps(row, ensure_ascii=False) + "\n")
            report.save(folder)
            result = ParallelPairs.build(folder / PAIRS, items)
        result.report = report
        if verbose:
            _print_counts(report, translations.translated)
        return result


def read_answers(*files: str | Path, lang: str = "en") -> dict[tuple[str, str], str]:
    """Read the answers of SQuAD-like rows, for :func:`translate`.

    Args:
        files: Files of JSON Lines, whose rows have the fields ``set``, ``id`` and ``answer``, and possibly ``lang``.
            Rows without an answer, or in another language, are skipped.
        lang: Code of the language of the answers.

    Returns:
        (dataset, ID) -> answer.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A row is not valid JSON or has no such field.
    """
    found: dict[tuple[str, str], str] = {}
    for path in map(Path, files):
        for number, row in read_json_lines(path):
            if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("set", "id")):
                raise ValueError(f"{path}, line {number}: an answer needs the strings set, id and answer")
            if row.get("answer") and check_language(row.get("lang", lang)) == check_language(lang):
                if not isinstance(row["answer"], str):
                    raise ValueError(f"{path}, line {number}: answer is {row['answer']!r}, not a string")
                found[row["set"], row["id"]] = row["answer"]
    return found


def _opened(folder: Path) -> ParallelPairs:
    pairs = ParallelPairs.open(folder / PAIRS)
    pairs.report = TranslationReport.open(folder)
    return pairs


class _Text(NamedTuple):
    """A text of an item that is to be translated."""

    item: int
    role: str
    text: str
    answer: str | None


class _Language:
    """The translations into one language, and what the filters say of them."""

    def __init__(self, pairs: ParallelPairs, source: str, target: str, answers: Mapping[tuple[str, str], str]) -> None:
        self.source, self.target = source, target
        self._pairs = pairs
        self.texts = list(_texts(pairs, source, target, answers))
        self._verdicts: dict[tuple[str, str, str | None], tuple[str, str] | None] = {}
        self._translations: Mapping[str, str] = {}

    def judge(self, translations: Translations, filters: Sequence[Filter]) -> None:
        """Translate and filter all texts."""
        self._translations = translations.of([text.text for text in self.texts], self.source, self.target)
        keys = list(dict.fromkeys(text[1:] for text in self.texts))
        candidates = [Candidate(role, text, self._translations[text], answer) for role, text, answer in keys]
        self._verdicts = dict.fromkeys(keys)
        for one in filters:
            reasons = one.reasons(candidates, self.source, self.target)
            if len(reasons) != len(candidates):
                raise ValueError(
                    f"filter {one.name!r} returned {len(reasons):,} reasons for {len(candidates):,} translations: "
                    "return one for each, None for those that are kept"
                )
            left = [number for number, reason in enumerate(reasons) if reason is None]
            for key, reason in zip(keys, reasons, strict=True):
                if reason is not None:
                    self._verdicts[key] = one.name, reason
            keys, candidates = [keys[number] for number in left], [candidates[number] for number in left]

    def kept(self, text: _Text) -> str | None:
        """Return the translation of a text, if no filter rejected it."""
        return self._translations[text.text] if self._verdicts[text[1:]] is None else None

    def rejected(self, name: str) -> int:
        """Return the number of texts that a filter rejected."""
        return sum(verdict is not None and verdict[0] == name for verdict in map(self._verdict, self.texts))

    def rejections(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each rejected text."""
        for text in self.texts:
            verdict = self._verdict(text)
            if verdict is not None:
                item = self._pairs.item(text.item)
                yield {
                    "set": item.dataset, "id": item.id, "role": text.role, "source": self.source,
                    "target": self.target, "filter": verdict[0], "reason": verdict[1], "text": text.text,
                    "translation": self._translations[text.text],
                }  # fmt: skip

    def _verdict(self, text: _Text) -> tuple[str, str] | None:
        return self._verdicts[text[1:]]


def _languages(pairs: ParallelPairs, to: Sequence[str], source: str | None) -> tuple[list[str], str]:
    targets = [check_language(code) for code in list_of_names("to", to)]
    if not targets:
        raise ValueError("to=[]: name at least one language to translate into")
    if not pairs.languages:
        raise ValueError("there is nothing to translate: the pairs have no items")
    if source is None:
        if len(pairs.languages) > 1 and "en" not in pairs.languages:
            raise ValueError(f"the pairs are in {', '.join(pairs.languages)}: name the source to translate from")
        source = "en" if "en" in pairs.languages else pairs.languages[0]
    known = same_language(check_language(source), pairs.languages)
    if known not in pairs.languages:
        raise ValueError(f"source={source!r}: the pairs have only {', '.join(pairs.languages)}")
    # A store may have a language under an older code.
    targets = list(dict.fromkeys(same_language(target, pairs.languages) for target in targets))
    if known in targets:
        raise ValueError(f"to names {known!r}, which is the source: leave it out")
    return targets, known


def _loaded(translator: Any) -> Any:
    return Seq2SeqTranslator(str(translator)) if isinstance(translator, str | Path) else translator


def _described(one: Filter) -> str:
    """Return a filter's name and its public settings."""
    settings = {name: value for name, value in getattr(one, "__dict__", {}).items() if not name.startswith("_")}
    return f"{one.name} {settings}" if settings else one.name


@contextmanager
def _started(folder: Path | None, settings: Mapping[str, Any], rank: Rank) -> Iterator[str]:
    """Yield the day on which a translation began, after checking that it had the same settings."""
    today = datetime.now(timezone.utc).date().isoformat()
    if folder is None or not rank.is_first:
        yield today
        return
    with ExitStack() as stack:
        problem = f"{folder} is being written by another process: wait for it, or choose another folder"
        stack.enter_context(locked(folder / _LOCK, problem, remove=True))
        known = read_json(folder / SETTINGS, default={}, kind=dict)
        if known:
            require_same(
                {name: value for name, value in known.items() if name != "date"},
                json.loads(json.dumps(settings)),
                lambda name, before, now: (
                    f"{folder} holds a translation with {name} {before!r}, not {now!r}: give the same arguments to "
                    "resume, or choose another folder"
                ),
            )
        else:
            if any(path.name != _LOCK for path in folder.iterdir() if path.name != CACHE):
                raise FileExistsError(f"{folder} exists and is no translation: choose a new folder")
            write_json(folder / SETTINGS, {**settings, "date": today})
        yield known.get("date", today)


def _texts(pairs: ParallelPairs, source: str, target: str, answers: Mapping[tuple[str, str], str]) -> Iterator[_Text]:
    for number, item in enumerate(pairs):
        if item.translation:
            if source in item.queries and target not in item.queries:
                yield _Text(number, "text", item.queries[source], None)
            continue
        if source in item.queries and target not in item.queries:
            yield _Text(number, "query", item.queries[source], None)
        if source in item.passages and target not in item.passages:
            yield _Text(number, "passage", item.passages[source], answers.get((item.dataset, item.id)))


def _translated_items(pairs: ParallelPairs, source: str, languages: Iterable[_Language], note: str) -> Iterator[Item]:
    """Yield the items with their translations."""
    # The texts of each language are in the order of the items.
    queues = {language.target: (language, iter([*language.texts, None])) for language in languages}
    heads = {target: next(texts) for target, (_, texts) in queues.items()}
    for number, item in enumerate(pairs):
        provenance = dict(item.provenance or {})
        for target, (language, texts) in queues.items():
            added = []
            while (head := heads[target]) is not None and head.item == number:
                translation = language.kept(head)
                if translation is not None:
                    # The texts of a translation are one dict.
                    (item.passages if head.role == "passage" else item.queries)[target] = translation
                    added.append(head.role)
                heads[target] = next(texts)
            if added:
                has_own = len(added) == 1 and added[0] != "text" and target in item.queries and target in item.passages
                new = f"{added[0]}: {note}" if has_own else note
                provenance[target] = f"{provenance[target]}; {new}" if target in provenance else new
        yield item._replace(provenance=provenance or None)


def _print_counts(report: TranslationReport, translated: int) -> None:
    speed = f" in {report.seconds:.0f} s ({translated / report.seconds:.0f}/s)" if report.seconds else ""
    above_bars(f"translated {counted(translated, 'text')}{speed} with {report.translator}")
    for language, count in report.texts.items():
        reasons = ", ".join(f"{name} {number:,}" for name, number in report.rejected[language].items() if number)
        above_bars(f"  {language}: {counted(count, 'text')}, rejected: {reasons or 'none'}")
