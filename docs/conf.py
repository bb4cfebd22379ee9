"""What Sphinx makes the documentation site of; `scripts/docs` builds it.

Extensions of our own lie in docs/site: `contract` renders the .proto files, `python_reference`
docstrings, `repository` what leads out of this folder.
"""

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

import mazemesh

# A build makes millions of nodes and lets go of few: looking for cycles takes a seventh of it.
gc.set_threshold(200_000, 20, 100)

project = author = "mazemesh"
version = release = mazemesh.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "contract",
    "python_reference",
    "repository",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site"]

smartquotes = False
# Headings can be linked to as GitHub does it, and a link to one that is not there is a warning.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
# Attributes are looked up as if they were references; which of several is meant is of no use.
suppress_warnings = ["ref.python"]
python_use_unqualified_type_names = True

html_theme = "pydata_sphinx_theme"
html_title = "mazemesh"
html_show_sourcelink = False
html_copy_source = False
# Beside a decision the list of all others says nothing, and takes long to make 200 times.
html_sidebars = {"adr/[0-9]*": [], "for/*": [], "index*": []}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_nav_level": 1,
    "navigation_depth": 2,
    "back_to_top_button": False,
}
