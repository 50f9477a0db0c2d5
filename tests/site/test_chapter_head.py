"""The head and the foot of a chapter's page, and the conditions beside each prediction."""

from __future__ import annotations

import pytest

from labkit.book import notebooks
from labkit.book.ledger import claims
from labkit.core.paths import repo
from labkit.devtools import stored_run

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=notebooks.stems())
def opened(request, chromium, html):
    """A chapter's page, its stem and its claims."""
    page = chromium.new_page()
    page.goto((html / f"chapters/{request.param}.html").as_uri())
    yield page, request.param, [c for c in claims().values() if c.chapter == request.param]
    page.close()


def test_the_short_answer_is_folded_and_has_each_claim_with_its_verdict(opened):
    page, _, listed = opened
    answer = page.locator("details.short-answer")
    assert not answer.get_by_role("listitem").first.is_visible()
    answer.locator("summary").click()
    lines = answer.get_by_role("listitem").all_inner_texts()
    assert len(lines) == len(listed) > 0
    for claim, line in zip(listed, lines, strict=True):
        assert f": {claim.verdict}. {claim.precise.replace('`', '')}" in line.replace("’", "'")
        assert page.locator(f"#claim-{claim.id.replace('.', '-')}").count() == 1


def test_the_conditions_of_a_claim_stand_between_its_prediction_and_its_proof(opened):
    page, _, listed = opened
    for claim in listed:
        name = claim.id.replace(".", "-")
        said = page.locator(f"#prediction-{name} + .conditions").inner_text()
        kinds = {line.split(":")[0]: line for line in said.splitlines()}
        assert kinds["plain"].endswith(" · ".join(claim.conditions.plain))
        assert kinds["varied"].endswith(" · ".join(claim.conditions.varied))
        order = page.evaluate(
            "name => document.getElementById(`prediction-${name}`)"
            ".compareDocumentPosition(document.getElementById(`claim-${name}`))",
            name,
        )
        assert order & 4  # DOCUMENT_POSITION_FOLLOWING


def test_the_page_says_how_long_it_takes_to_read_and_on_what_its_outputs_were_made(opened):
    page, stem, _ = opened
    assert page.locator(".chapter-facts").inner_text().startswith("About ")
    made = stored_run.said(notebooks.read(notebooks.path(stem, root=repo())))
    assert made.startswith("Docker Engine ")
    assert (
        page.locator(".chapter-run").inner_text().startswith(f"The outputs of this page were made on {made}.")
    )


def test_notebook_and_manifests_can_be_downloaded(opened, html):
    page, stem, _ = opened
    links = page.locator(".chapter-facts a.download, .chapter-run a.download").all()
    found = {(html / "chapters" / link.get_attribute("href")).resolve() for link in links}
    wanted = [notebooks.path(stem, root=repo()), *(repo() / "k8s" / stem).glob("*.yaml")]
    assert {path.name: path.read_bytes() for path in found} == {p.name: p.read_bytes() for p in wanted}
