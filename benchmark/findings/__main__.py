"""Prints `docs/findings.md`: `python -m benchmark.findings > docs/findings.md`."""

from benchmark.findings.registry import markdown

print(markdown(), end="")
