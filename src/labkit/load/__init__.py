"""Requests while something changes: an open-loop load generator, its records, Pods' histories, plots."""
