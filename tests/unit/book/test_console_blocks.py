"""Console blocks: what is taken for a command, and what counts as its output."""

from __future__ import annotations

import pytest

from labkit.book import console_blocks


def one(block: str) -> console_blocks.Command:
    (command,) = console_blocks.parse(block)
    return command


def test_a_command_and_its_output():
    command = one("$ echo a\na\n")
    assert (command.line, command.expected, command.status) == ("echo a", ["a"], 0)


def test_a_command_without_output_only_has_to_succeed():
    assert one("$ true\n").differs(0, "anything") is None
    assert one("$ true\n").differs(1, "") is not None


def test_a_wanted_failure():
    assert one("$ docker rm x  # exit 1\n").differs(1, "") is None
    assert one("$ docker rm x  # exit 1\n").differs(0, "") is not None


def test_a_comment_that_is_no_status_stays():
    assert one("$ true # exits\n").line == "true # exits"


def test_a_line_that_goes_on():
    assert one("$ docker run \\\n    --rm x\nout\n").line == "docker run --rm x"


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["abc"], "abc\n", True),
        (["abc"], "abcd\n", False),
        (["abc"], "abc\nmore\n", False),
        (["a<...>c"], "a-anything-c", True),
        (["a<...>c"], "a-\n-c", False),
        (["8080"], "80", False),
        (["first", "...", "last"], "first\nx\ny\nlast", True),
        (["first", "...", "last"], "first\nlast", True),
        (["first", "..."], "first\nx\ny", True),
        (["first", "..."], "first", True),
        (["first", "..."], "first and more", False),
        (["first", "..."], "second\nfirst", False),
        (["a.c"], "abc", False),
        (["a", "", "b"], "a\n\nb", True),
    ],
)
def test_output(expected, printed, same):
    assert (console_blocks.Command("x", expected).differs(0, printed) is None) is same


def test_output_before_a_command_is_an_error():
    with pytest.raises(ValueError, match="begins with output"):
        console_blocks.parse("a\n$ b\n")


def test_a_block_without_a_command_is_an_error():
    with pytest.raises(ValueError, match="no command"):
        console_blocks.parse("\n")


def test_only_console_fences_are_taken():
    text = "```console\n$ a\n```\n```python\n$ b\n```\n```console\n$ c\n```\n"
    assert console_blocks.blocks(text) == ["$ a\n", "$ c\n"]


@pytest.mark.parametrize(
    ("line", "host"), [("kubectl get pods", True), ("docker ps", False), ("curl x", False)]
)
def test_where_a_command_runs(line, host):
    assert console_blocks.Command(line).on_host is host
