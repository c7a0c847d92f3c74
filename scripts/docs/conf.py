"""How Sphinx builds the documentation; `bash scripts/build_docs.sh` lays out what it reads."""

from typing import Any

import molvae

project = "molvae"
author = "the molvae developers"
copyright = author
version = release = molvae.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "myst_nb"]
html_theme = "furo"
html_title = f"molvae {version}"

nb_execution_mode = "off"  # the tests run the notebooks; here they are shown as they are stored
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "myst.header"]  # README.md links files of the repository

default_role = "code"  # single backquotes in docstrings are code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {"NDArray": "numpy.ndarray", "ArrayLike": "numpy.typing.ArrayLike"}
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"


def setup(app: Any) -> None:
    """Leave out what scikit-learn adds to every estimator: its text refers to its own documentation."""
    app.connect("autodoc-skip-member", lambda *given: _is_metadata_request(given[2]) or None)


def _is_metadata_request(name: str) -> bool:
    return name == "get_metadata_routing" or (name.startswith("set_") and name.endswith("_request"))
