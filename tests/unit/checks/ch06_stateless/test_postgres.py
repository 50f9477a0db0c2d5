"""A PostgreSQL that answers, does not, or has ended; and what a container says, without Docker."""

from __future__ import annotations

import pytest

from checks.ch06_stateless.postgres import accepting, sql
from labkit import Mismatch, TimedOut
from labkit.observe.containers import END, MARKED, last_words, shell


class Box:
    """A container that gives the answers that it was told to, one after another."""

    name = "ch96-db"

    def __init__(self, *answers, status="running", env=()):
        self.answers, self.status, self.asked = list(answers), status, []
        self.attrs = {"Config": {"Env": [*env, "PATH=/bin"]}}

    def exec_run(self, command, user=None):
        self.asked.append((command, user))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def reload(self):
        pass

    def logs(self, **query):
        self.query = query
        return b"FATAL: no space\n"


def test_a_query_is_asked_as_the_user_that_the_container_was_given():
    box = Box((0, b"3\n"), env=["POSTGRES_USER=shop"])
    assert sql(box, "select 3") == "3"
    assert box.asked[0][0][3:7] == ["-U", "shop", "-d", "postgres"]


def test_no_table_is_no_answer():
    assert sql(Box((1, b"ERROR: relation does not exist")), "select 1 from x") is None


def test_it_is_waited_for():
    accepting(Box((2, b"starting up"), (0, b"1\n")))


def test_one_that_ended_says_why():
    with pytest.raises(Mismatch, match="ended when it was started") as e:
        accepting(Box((1, b""), status="exited"))
    assert e.value.found == "FATAL: no space"


def test_one_that_does_not_answer_in_time():
    with pytest.raises(TimedOut, match=r"within 0.1 s"):
        accepting(Box((2, b"starting up")), seconds=0.1)


def test_a_line_of_shell_and_the_last_words():
    box = Box((1, f" no such file \n{END}\n".encode()))
    assert shell(box, "cat x", user="0") == (1, "no such file")
    assert box.asked == [(["sh", "-c", MARKED, "sh", "cat x"], "0")]
    assert last_words(box) == "FATAL: no space"
    assert box.query == {"tail": 3}
