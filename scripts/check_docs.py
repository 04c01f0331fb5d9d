"""Check that every relative link in the Markdown files leads to a file, and every anchor to a heading."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a Markdown text get: lower case, words joined by hyphens."""
    headings = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(path: Path) -> list[str]:
    """Each link of one Markdown file that leads nowhere."""
    text = path.read_text(encoding="utf-8")
    dead = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists():
            dead.append(f"{path.relative_to(ROOT)}: {target}: no such file")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
            dead.append(f"{path.relative_to(ROOT)}: {target}: no such heading")
    return dead


def main() -> None:
    """Check every Markdown file that git tracks."""
    listing = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    dead = [finding for path in paths for finding in dead_links(path)]
    if dead:
        sys.exit("\n".join(dead))
    print(f"The links of {len(paths)} documents all lead somewhere.")


if __name__ == "__main__":
    main()
