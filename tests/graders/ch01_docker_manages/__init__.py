"""Answers to the exercise of chapter 1, wrong and right."""

from __future__ import annotations
