"""What pages of a folder say of the rest of the repository, where only the folder is shown.

* A link to a file outside docs/ leads to the page that is made of it, or is the file's name as code
  where there is none; one to a file that does not exist is a warning.
* A decision that is named in passing, "docs/adr/0171-versions-travel-as-weights.md" or
  "docs/adr/0171", is a link to it; one that does not exist is a warning.
* A page `name.LANGUAGE.md` is in that language.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from contract import page_of
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
OUTSIDE = re.compile(r"\[(?P<text>[^\]\n]*)\]\((?P<target>(?:\.\./)+[^)\s]*)\)")
DECISION = re.compile(r"docs/adr/(\d{4})(?:-[a-z0-9-]+(?:\.md)?)?")
PLAIN = (nodes.reference, nodes.literal_block, nodes.title)
LANGUAGE = re.compile(r".*\.([a-z]{2})")

log = logging.getLogger(__name__)


def within_docs(app: Sphinx, name: str, source: list[str]) -> None:
    """Takes the links of a page that leave docs/ to where they lead on the site."""
    folder = (DOCS / name).parent

    def shown(found: re.Match[str]) -> str:
        path, _, _ = found["target"].partition("#")
        file = (folder / path).resolve()
        if file.is_relative_to(DOCS):
            return found[0]
        if not file.exists():
            log.warning("there is no %s", file, location=name, type="repository")
        inside = file.relative_to(ROOT).as_posix()
        if made := page_of(inside):
            up = "../" * name.count("/")
            return f"[{found['text']}]({up}{made}.md)"
        told = found["text"].strip("`")
        return f"`{inside}`" if told in inside else f"{told} (`{inside}`)"

    source[0] = OUTSIDE.sub(shown, source[0])


class Decisions(SphinxTransform):
    """Makes links of decisions that are named."""

    default_priority = 400

    def apply(self, **given: Any) -> None:
        """Of the texts and the code of a page."""
        pages = {name[4:8]: name for name in self.env.found_docs if name.startswith("adr/")}
        for text in list(self.document.findall(nodes.Text)):
            place = text.parent
            if isinstance(place, nodes.literal):
                if DECISION.fullmatch(text):
                    place.replace_self(self._links(text, pages))
            elif not isinstance(place, PLAIN) and DECISION.search(text):
                place.replace(text, self._links(text, pages))

    def _links(self, text: nodes.Text, pages: dict[str, str]) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        at = 0
        for found in DECISION.finditer(text):
            page = pages.get(found[1])
            if page is None:
                log.warning("there is no decision %s", found[1], location=self.env.docname)
                continue
            made.append(nodes.Text(text[at : found.start()]))
            link = addnodes.pending_xref(
                found[0], refdomain="std", reftype="doc", reftarget=f"/{page}", refexplicit=True
            )
            link["refdoc"] = self.env.docname
            link += nodes.inline(found[0], found[0], classes=["doc"])
            made.append(link)
            at = found.end()
        return [*made, nodes.Text(text[at:])]


def speak(
    app: Sphinx, name: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Tells a page's language to browsers."""
    if found := LANGUAGE.fullmatch(name):
        context["language"] = found[1]


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx asks of an extension."""
    app.connect("source-read", within_docs)
    app.connect("html-page-context", speak)
    app.add_transform(Decisions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
