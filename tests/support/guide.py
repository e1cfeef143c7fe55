"""Outputs of the command as a guide shows them: one heading a case, the output in a block below it."""

import re


def shown(title: str, output: str) -> str:
    """A case as a guide has it."""
    return f"### {title}\n\n```\n{output}\n```\n"


def trimmed(output: str) -> str:
    """An output without the spaces at the ends of its lines."""
    return "\n".join(line.rstrip() for line in output.splitlines())


def titles(guide: str, heading: str) -> list[str]:
    """The cases below a heading of the second level."""
    part = guide.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^### (.+)$", part, re.MULTILINE)
