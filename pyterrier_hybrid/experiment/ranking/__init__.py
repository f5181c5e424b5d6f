"""How systems rank the documents of settings: one file per kind of system.

A kind of system is a :class:`~pyterrier_hybrid.experiment.ranking.base.Ranker`, listed in ``rankers.RANKERS``.
"""
