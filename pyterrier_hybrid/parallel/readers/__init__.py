"""Readers and writers of pairs, one module for each format.

A reader is a function that adds items to a :class:`~pyterrier_hybrid.parallel.store.build.Builder`. Readers of rows
let a :class:`~pyterrier_hybrid.parallel.readers.collect.Collector` check the rows and join them to items.
"""
