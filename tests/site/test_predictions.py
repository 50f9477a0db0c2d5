"""Predictions as a reader of the site meets them: by mouse, by keyboard, without JavaScript, the next day."""

from __future__ import annotations

import json
from contextlib import contextmanager

import axe
import pytest

from labkit.book import notebooks
from labkit.book.predictions import predictions_of

pytestmark = pytest.mark.timeout(300)
FIRST = notebooks.stems()[0]
ASKED = predictions_of(notebooks.read(notebooks.path(FIRST)))
KEY = "containers-proven:predictions"


@pytest.fixture
def open_page(chromium, html):
    """Opens the first chapter in a window of its own; keeps what the page complains of."""

    @contextmanager
    def opened(name=f"chapters/{FIRST}", script="", **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.add_init_script(script)
        page, said = context.new_page(), []
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto((html / f"{name}.html").as_uri())
        yield page
        context.close()
        assert said == []

    return opened


def choose(page, i, letter, sure):
    page.locator(".prediction").nth(i).locator(f"input[value={letter}]").check()
    page.locator(".prediction").nth(i).locator(f"input[value={sure}]").check()


def other(prediction):
    return next(letter for letter in prediction.options if letter != prediction.answer)


def answer(page, i):
    fold = page.locator(".prediction-answer details").nth(i)
    if not fold.evaluate("fold => fold.open"):
        fold.locator("summary").click()
    return fold


@pytest.mark.parametrize("stem", notebooks.stems())
def test_every_prediction_is_a_form_with_its_options(open_page, stem):
    expected = predictions_of(notebooks.read(notebooks.path(stem)))
    with open_page(f"chapters/{stem}") as page:
        forms = page.locator(".prediction form")
        assert forms.count() == len(expected) > 0
        assert page.locator(".prediction ul").count() == 0
        for i, prediction in enumerate(expected):
            labels = forms.nth(i).locator(".choices label").all_inner_texts()
            assert [text.strip()[:2] for text in labels] == [f"{letter}." for letter in prediction.options]
            said = page.locator(".prediction-answer").nth(i)
            for letter in prediction.replies:
                assert said.locator(f".reply-{letter}").count() >= 1


def test_the_answer_replies_to_what_was_chosen(open_page):
    wrong, right = ASKED[0], ASKED[1]
    with open_page() as page:
        assert answer(page, 2).locator(".your-choice").count() == 0
        choose(page, 0, other(wrong), "fairly")
        choose(page, 1, right.answer, "certain")
        line = answer(page, 0).locator(".your-choice").inner_text()
        assert line.startswith(f"You chose {other(wrong)}, fairly sure. ({other(wrong)}) ")
        assert wrong.replies[other(wrong)][:20] in line
        line = answer(page, 1).locator(".your-choice").inner_text()
        assert line.startswith(f"You chose {right.answer}, certain, and so it is. ")
        assert right.why[:10] in line


def test_a_choice_without_a_degree_is_not_yet_one(open_page):
    with open_page() as page:
        box = page.locator(".prediction").first
        box.locator("input[value=a]").check()
        assert box.locator("[role=status]").inner_text() == "Now say how sure you are."
        assert answer(page, 0).locator(".your-choice").count() == 0
        box.locator("input[value=guessing]").check()
        assert "Kept in this browser: a, guessing." in box.locator("[role=status]").inner_text()


def kept_by(page):
    return page.evaluate(f"localStorage.getItem('{KEY}')")


def holding(kept):
    """A script that puts `kept` in the storage before the page looks.

    A reload would not do: a busy Chromium shows the page again before it has written the store of a file.
    """
    return f"localStorage.setItem('{KEY}', {kept!r})"


def test_choices_are_there_the_next_day_until_they_are_forgotten(open_page):
    with open_page() as page:
        choose(page, 0, other(ASKED[0]), "certain")
        choose(page, 1, ASKED[1].answer, "certain")
        kept = kept_by(page)
    with open_page(script=holding(kept)) as page:
        assert page.locator(".prediction").first.locator(f"input[value={other(ASKED[0])}]").is_checked()
        place = page.locator(".beliefs")
        assert place.locator("tbody tr").count() == 2
        assert [text[2:] for text in place.locator("td:last-child").all_inner_texts()] == [
            "has to change",
            "holds",
        ]
        assert (
            f"Certain of 2, wrong in 1. Not chosen: {len(ASKED) - 2} of {len(ASKED)}." in place.inner_text()
        )
        place.get_by_role("button", name="Forget these choices").click()
        assert "have not chosen anything" in place.inner_text()
        assert page.locator(".prediction input:checked").count() == 0
        kept = kept_by(page)
    with open_page(script=holding(kept)) as page:
        assert page.locator(".prediction input:checked").count() == 0


def test_other_chapters_are_not_forgotten(open_page):
    theirs = {"other": {"x": {"choice": "a", "sure": "fairly"}}}
    with open_page(script=holding(json.dumps(theirs))) as page:
        choose(page, 0, "a", "fairly")
        page.get_by_role("button", name="Forget these choices").click()
        assert json.loads(kept_by(page)) == theirs


@pytest.mark.parametrize("stored", ["{", "[]", "null", "3", '{"%s": {"C01.1": null}}', '{"%s": 3}'])
def test_whatever_is_in_the_storage_the_page_works(open_page, stored):
    stored = stored.replace("%s", FIRST)
    with open_page(script=holding(stored)) as page:
        choose(page, 0, "a", "fairly")
        assert page.locator(".beliefs tbody tr").count() == 1


def test_without_a_storage_choices_last_as_long_as_the_page(open_page):
    off = "for (const name of ['getItem', 'setItem']) { const plain = Storage.prototype[name];"
    off += (
        f"Storage.prototype[name] = function (key, ...more) {{ if (key === '{KEY}') throw new Error('off');"
    )
    off += "return plain.call(this, key, ...more); }; }"
    with open_page(script=off) as page:
        choose(page, 0, "a", "fairly")
        assert page.locator(".beliefs tbody tr").count() == 1


def test_a_keyboard_is_enough(open_page):
    with open_page() as page:
        box = page.locator(".prediction").first
        box.locator("input").first.focus()
        page.keyboard.press("ArrowDown")
        assert box.locator("input[value=b]").is_checked()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert box.locator("input[value=guessing]").is_checked()
        seen = box.locator("label:has(input:focus-visible)").evaluate("e => getComputedStyle(e).outlineStyle")
        assert seen == "solid"


def test_a_screen_reader_hears_the_question_with_its_options(open_page):
    with open_page() as page:
        group = page.get_by_role("group", name="Your prediction").first
        described = group.get_attribute("aria-describedby")
        assert ASKED[0].asked[:30] in page.locator(f"[id='{described}']").inner_text()
        assert group.get_by_role("radio").count() == len(ASKED[0].options)
        assert page.get_by_role("group", name="How sure are you?").first.get_by_role("radio").count() == 3


@pytest.mark.parametrize(("mode", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_once_choices_are_made(open_page, mode, width):
    looks = {"viewport": {"width": width, "height": 900}, "color_scheme": mode, "reduced_motion": "reduce"}
    script = f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
    with open_page(script=script, **looks) as page:
        for i, prediction in enumerate(ASKED):
            choose(page, i, "b", "certain")
            assert answer(page, i).locator(".your-choice").count() == 1, prediction.name
        axe.thin_out(page)
        axe.look(page, mode, width)
        assert axe.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_without_script_it_is_a_list_and_a_fold(open_page):
    with open_page(java_script_enabled=False) as page:
        first = page.locator(".prediction").first
        assert first.locator("li").count() == len(ASKED[0].options)
        assert page.locator("form.prediction").count() == 0
        fold = page.locator(".prediction-answer details").first
        fold.locator("summary").click()
        assert fold.locator("strong").first.inner_text() == f"{ASKED[0].answer}."
        assert "JavaScript" in page.locator(".beliefs").inner_text()
