"""Tests of the graders and of the proofs: answers, controls, planted changes."""
