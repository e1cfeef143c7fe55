"""Benchmarks against peers and limits, in the same run. They print ratios and assert nothing about time."""
