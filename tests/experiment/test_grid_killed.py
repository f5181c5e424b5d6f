"""An experiment that is killed, and another process that resumes it from the cache."""

import json
import os
import signal
from pathlib import Path

import pandas as pd
import pytest
from grid_helpers import MEASURES, Exhaustive, Letters, make_toy
from process_helpers import run_job

from pyterrier_hybrid import LanguageExperiment
from pyterrier_hybrid.experiment.cache import rank_cache, vectors

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SETTINGS = 12


def experiment(cache, note):
    """Two encoders and a function; `note` is called with each piece of work before it is done."""

    class Known(Letters):
        @property
        def fingerprint(self):
            return f"{self.seed:08x}"

        def encode_queries(self, texts):
            note(f"encode {self.seed}", texts)
            return super().encode_queries(texts)

        encode_documents = encode_queries

    class Noted(Exhaustive):
        def transform(self, topics):
            note("rank f", [len(self.docnos)])
            return super().transform(topics)

    def function(corpus):
        return Noted(Letters(), corpus)

    function.fingerprint = "exhaustive letters"
    systems = {"a": Known(seed=0), "b": Known(seed=7), "f": function}
    return LanguageExperiment(systems, make_toy("toy-killed"), measures=MEASURES, cache=cache).settings


def job(cache, log, place=None):
    """Run the experiment, and be killed at a place if one is given."""
    vectors.CHUNK = 10
    count = {}

    def note(work, items):
        count[work] = count.get(work, 0) + 1
        if f"{work} {count[work]}" == place:
            os.kill(os.getpid(), signal.SIGKILL)
        with Path(log).open("a") as lines:
            lines.write(json.dumps([work, items]) + "\n")

    write = rank_cache.StoredRanks.write

    def write_noted(self, corpus, setting, ranks):
        note("store", [setting.id])
        write(self, corpus, setting, ranks)

    rank_cache.StoredRanks.write = write_noted
    experiment(cache, note)


def process(cache, log, *place):
    code, _ = run_job(job, cache, log, *place)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    done = {}
    for work, items in lines:
        done.setdefault(work, []).extend(items)
    return code, done


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The work of a run that is not killed."""
    folder = tmp_path_factory.mktemp("whole")
    code, done = process(folder / "cache", folder / "log")
    assert code == 0
    assert {work: len(items) for work, items in done.items()} == {
        "encode 0": len(set(done["encode 0"])),
        "encode 7": len(set(done["encode 7"])),
        "rank f": SETTINGS,
        "store": 3 * SETTINGS,
    }
    return done


# Among the first encoder's texts; after them, before its fifth setting is stored; in the function's second language.
@pytest.mark.parametrize("place", ["encode 0 2", "store 5", "rank f 4"])
def test_a_killed_process_is_resumed(whole, tmp_path, place):
    code, first = process(tmp_path / "cache", tmp_path / "first", place)
    assert code == -signal.SIGKILL
    code, second = process(tmp_path / "cache", tmp_path / "second")
    assert code == 0
    for work, items in whole.items():
        # Together they did all of it, and nothing twice.
        assert sorted(first.get(work, []) + second.get(work, [])) == sorted(items), work
    assert sum(map(len, first.values())) > 0
    lost = []
    kept = experiment(tmp_path / "cache", lambda work, items: lost.append(work))
    assert lost == []
    pd.testing.assert_frame_equal(kept, experiment(None, lambda work, items: None))
