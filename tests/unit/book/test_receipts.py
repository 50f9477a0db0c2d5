"""A receipt is what the cell has stored; anything but the ledger's own words is an error."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit import LedgerError
from labkit.book import notebooks, receipts
from labkit.book.ledger import LIMITS, Claim, Conditions, Record

TRIED = Conditions(plain=("remove: yes, or no",), varied=("stop",))
CLAIM = Claim("C06.1", "ch06_x", "Data is lost.", TRIED, "It is lost on remove.", LIMITS, "r")
SHOWN = repr(Record(CLAIM, {"stop": False, "remove: yes, or no": True}))


def proof(text=SHOWN, tag="claim:C06.1", kind="execute_result"):
    outputs = []
    if kind == "execute_result":
        outputs = [new_output(kind, {"text/plain": text}, execution_count=1)]
    elif kind == "stream":
        outputs = [new_output(kind, text=text)]
    return new_code_cell("prove(…)", metadata={"tags": [tag]}, outputs=outputs)


def read(*cells):
    return receipts.receipt(CLAIM, new_notebook(cells=list(cells)))


def test_a_receipt():
    found = read(new_code_cell("x"), proof())
    assert found.tried == {"stop": False, "remove: yes, or no": True}
    assert found.anchor == "claim-C06-1"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], "proved by 0 cells"),
        ([proof(tag="claim:C06.2")], "proved by 0 cells"),
        ([proof(), proof()], "proved by 2 cells"),
        ([proof(kind="")], "nothing stored"),
        ([proof(kind="stream")], "nothing stored"),
        ([proof("")], "nothing stored"),
        ([proof(SHOWN.replace(LIMITS, "holds"))], "C06.1: holds   It"),
        ([proof(SHOWN.replace("C06.1", "C06.2"))], "C06.2"),
        ([proof(SHOWN.replace("It is lost", "It was lost"))], "It was lost"),
        ([proof(SHOWN.replace("yes  remove: yes, or no", "yes  removal"))], "under removal, stop"),
        ([proof(SHOWN.splitlines()[0] + "\n" + SHOWN.splitlines()[1])], "under "),
    ],
)
def test_a_missing_or_different_proof_is_an_error(cells, said):
    with pytest.raises(LedgerError) as e:
        read(*cells)
    assert said in str(e.value)


@pytest.fixture
def root(tmp_path, monkeypatch):
    other = Claim("C01.1", "ch01_y", "a", TRIED, "b", LIMITS, "r")
    monkeypatch.setattr(receipts, "claims", lambda: {"C06.1": CLAIM, "C01.1": other})
    (tmp_path / "chapters").mkdir()
    notebooks.write(new_notebook(cells=[proof()]), notebooks.path("ch06_x", root=tmp_path))
    shown = repr(Record(other, {"stop": False, "remove: yes, or no": True}))
    notebooks.write(
        new_notebook(cells=[proof(shown, "claim:C01.1")]), notebooks.path("ch01_y", root=tmp_path)
    )
    return tmp_path


def test_receipts_come_by_chapter(root):
    assert [r.claim.id for r in receipts.receipts(root)] == ["C01.1", "C06.1"]
    assert list(receipts.breaches(root)) == []


def test_a_claim_of_a_chapter_that_is_not_there(root):
    notebooks.path("ch06_x", root=root).unlink()
    with pytest.raises(LedgerError, match="ch06_x, which is no chapter"):
        receipts.receipts(root)


def test_lint_names_a_proof_that_is_stale(root):
    notebooks.write(new_notebook(cells=[proof("")]), notebooks.path("ch06_x", root=root))
    assert list(receipts.breaches(root)) == ["The stored proof of C06.1 is not that of the ledger."]


def test_every_claim_of_the_course_has_its_receipt():
    assert all([*r.tried] == [*r.claim.conditions] for r in receipts.receipts())
