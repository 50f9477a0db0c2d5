"""Answers to the exercise of chapter 3, wrong and right."""

from __future__ import annotations

PYTHON = "localhost:5001/python:3.13"
