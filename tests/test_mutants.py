"""The mutants of `make mutants` change lines that exist; running them takes ten minutes."""

from __future__ import annotations

import pytest

from scripts.dev import mutants


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda one: one.what)
def test_its_line_occurs_once(mutant: mutants.Mutant) -> None:
    text = (mutants.SOURCE / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.new not in text
