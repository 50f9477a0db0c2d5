"""The head and the foot of a chapter's page, and the conditions beside each prediction."""

from __future__ import annotations

from itertools import pairwise

import pytest

from labkit.book import notebooks, take_home
from labkit.book.ledger import claims
from labkit.core.paths import REGISTRY, repo
from labkit.devtools import stored_run
from labkit.provision import public_images

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


def copied(page, block):
    """What the button of a block puts on the clipboard."""
    block.locator("button.copybtn").click()
    return page.evaluate("navigator.clipboard.readText()")


def lines_of(block):
    """What a block shows, without its prompts."""
    return [line.removeprefix("$ ") for line in block.locator("pre").inner_text().strip().splitlines()]


def test_the_number_to_keep_is_that_of_the_stored_run(opened):
    page, stem, _ = opened
    wanted = take_home.chapters()[stem].figure
    kept = take_home.figure(stem, wanted, notebooks.read(notebooks.path(stem)))
    said = page.locator("details.short-answer .kept-figure")
    assert said.locator("strong").text_content() == kept.value
    assert " ".join(said.text_content().split()).replace("’", "'") == f"{kept.value} {kept.says}".replace(
        "`", ""
    )


def test_the_commands_to_copy_are_those_of_the_console_blocks_with_public_images(opened):
    page, stem, _ = opened
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("document.querySelector('details.short-answer').open = true")
    wanted = take_home.chapters()[stem].commands
    found = take_home.commands(stem, wanted, notebooks.read(notebooks.path(stem)))
    blocks = page.locator("details.short-answer .take-home").all()
    for command, block in zip(found, blocks, strict=False):
        assert copied(page, block) == public_images.rewrite(command.typed).text
    built = [lines_of(block) for block in blocks[len(found) :]]
    assert all(line.startswith("docker build ") for lines in built for line in lines)


def test_each_claim_ends_in_something_to_take_home(opened, html):
    page, stem, listed = opened
    notebook = notebooks.read(notebooks.path(stem))
    for claim in listed:
        end = page.locator(f"#claim-{claim.id.replace('.', '-')} + .claim-end")
        wanted = take_home.chapters()[stem].claims[claim.id]
        first = lines_of(end.locator(".take-home").first)
        if wanted.command:
            (command,) = take_home.commands(stem, [wanted.command], notebook)
            assert first == [public_images.rewrite(command.typed).text]
            continue
        link = end.locator("a.download").first
        text = (html / "chapters" / link.get_attribute("href")).read_text()
        assert text == public_images.rewrite(take_home.manifest(stem, wanted)).text
        assert first == [f"kubectl apply --filename {link.text_content()}"]
    assert not any(REGISTRY in block for block in page.locator(".take-home").all_text_contents())


def test_a_terminal_is_told_what_it_needs_before_the_first_console_block(opened):
    page, _, _ = opened
    blocks = page.locator(".highlight-console:not(:is(details.run-this, details.short-answer, .claim-end) *)")
    assert lines_of(blocks.first) == ['eval "$(python3 src/labkit env)"']
    assert blocks.filter(has_text="src/labkit env").count() == 1 < blocks.count()


def test_a_page_says_how_it_is_run(opened):
    page, stem, _ = opened
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("document.querySelector('details.run-this').open = true")
    command, path = page.locator("details.run-this .take-home").all()
    assert (copied(page, command), copied(page, path)) == ("make learn", f"chapters/{stem}.ipynb")
    assert (repo() / copied(page, path)).is_file()


def test_a_command_that_goes_on_in_the_next_line_is_copied_whole(chromium, html):
    page = chromium.new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto((html / f"chapters/{notebooks.stems()[0]}.html").as_uri())
    block = page.locator(".highlight-console").filter(has_text="docker create --init").first
    block.hover()
    shown = block.locator("pre").inner_text().splitlines()
    after = [line for before, line in pairwise(shown) if before.endswith("\\")]
    assert after
    assert set(after) < set(copied(page, block).splitlines())
    page.close()
