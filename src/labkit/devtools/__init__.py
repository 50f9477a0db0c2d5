"""The test run, benchmarks, and what only whoever works on the course needs."""
